#include "client/environments.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Origin file{"/p/xgrid.toml", "/p"};

Environments read(const std::vector<Setting>& settings) {
    Result<Environments> found = read_environments(settings);
    REQUIRE_MESSAGE(found, (found ? "" : found.error()));
    return *found;
}

std::vector<Setting> specs(const std::vector<std::string>& texts) {
    std::vector<Setting> settings;
    for (const std::string& text : texts) settings.push_back({"tx", text, {"", "/here"}});
    return settings;
}

LocalSlots served(const std::vector<std::string>& texts) {
    Result<LocalSlots> found = serve(read(specs(texts)), "python3");
    REQUIRE_MESSAGE(found, (found ? "" : found.error()));
    return *found;
}

std::string refused(const std::vector<std::string>& texts) {
    Result<LocalSlots> found = serve(read(specs(texts)), "python3");
    return found ? "" : found.error();
}

}  // namespace

TEST_CASE("specs come in order, whoever names them, and paths are their file's") {
    const Environments found =
        read({{"tx", "popen//python=venv/bin/python -B//chdir=a//id=x", file},
              {"rsyncdir", "popen", file},
              {"px", "ssh=h//id=p//ssh_config=my", file},
              {"tx", "popen//python=venv/bin/python//chdir=a", {"", "/here"}},
              {"tx", "ssh=h//python=venv/bin/python//chdir=a", file},
              {"tx", "popen//via=p//chdir=a", file},
              {"tx", "popen//python=python3", file}});
    const std::vector<XSpec>& all = found.environments;
    REQUIRE(all.size() == 5);
    CHECK(all[0].python == std::vector<std::string>{"/p/venv/bin/python", "-B"});
    CHECK(all[0].chdir == "/p/a");
    CHECK(all[1].python[0] == "venv/bin/python");
    CHECK(all[1].chdir == "a");
    CHECK(all[2].python[0] == "venv/bin/python");  // there, not here
    CHECK(all[2].chdir == "a");
    CHECK(all[3].chdir == "a");
    CHECK(all[4].python[0] == "python3");
    REQUIRE(found.proxies.size() == 1);
    CHECK(found.proxies[0].ssh_config == "/p/my");
}

TEST_CASE("what is wrong with a spec is told with where it stands") {
    const auto fault = [](const std::vector<Setting>& settings) {
        Result<Environments> found = read_environments(settings);
        return found ? "" : found.error();
    };
    CHECK(fault({{"tx", "popen//x", {}}}) ==
          "--tx: unknown part 'x' (a value cannot hold '//') in 'popen//x'");
    CHECK(fault({{"tx", "popen//x", file}}).starts_with("tx in /p/xgrid.toml: unknown part 'x'"));
    CHECK(fault({{"px", "ssh=h", {}}}) == "a proxy needs id=, which 'ssh=h' lacks");
    CHECK(fault({{"tx", "popen//id=a", file}, {"tx", "ssh=h//id=a", {}}}) ==
          "'id=a' is given twice: 'popen//id=a' and 'ssh=h//id=a'");
}

TEST_CASE("popen environments that are alike are slots of this machine") {
    CHECK(served({}) == LocalSlots{});
    CHECK(served({"popen", "3*popen"}) == LocalSlots{.slots = 4, .interpreter = "python3"});
    CHECK(served({"2*popen//slots=3"}).slots == 6);
    CHECK(served({"popen//python=python3", "popen"}).slots == 2);
    CHECK(
        served({"popen//python=pypy3//env:A=b//nice=5", "popen//nice=5//env:A=b//python=pypy3"}) ==
        LocalSlots{2, "pypy3", {{"A", "b"}}, 5});
}

TEST_CASE("what cannot be served is named with its spec") {
    CHECK(refused({"popen", "ssh=h"}) == "ssh= is not available in this version: 'ssh=h'");
    CHECK(refused({"socket=h:1"}) == "socket= is not available in this version: 'socket=h:1'");
    CHECK(refused({"slots=4"}) == "label: is not available in this version: 'slots=4'");
    CHECK(refused({"popen//label:a=b"}) ==
          "label: is not available in this version: 'popen//label:a=b'");
    CHECK(refused({"popen//id=a"}) == "id= is not available in this version: 'popen//id=a'");
    CHECK(refused({"popen//chdir=a", "popen//chdir=b"}) ==
          "an environment unlike 'popen//chdir=a' is not available in this version: "
          "'popen//chdir=b'");
    CHECK(refused({"popen//python=python3 -B"}) ==
          "python= with arguments is not available in this version: 'popen//python=python3 -B'");
    CHECK(refused({"popen", "popen//python=pypy3"}) ==
          "an environment unlike 'popen' is not available in this version: "
          "'popen//python=pypy3'");
    CHECK(refused({"1000*popen", "100*popen"}) == "1100 slots are more than 1024");
    Result<LocalSlots> proxy = serve(read({{"px", "ssh=h//id=a", file}}), "python3");
    REQUIRE(!proxy);
    CHECK(proxy.error() == "--px is not available in this version: 'ssh=h//id=a'");
}
