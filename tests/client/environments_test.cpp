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

Served served(const std::vector<std::string>& texts, const ServeAs& how = {}) {
    Result<Served> found = serve(read(specs(texts)), how);
    REQUIRE_MESSAGE(found, (found ? "" : found.error()));
    return *found;
}

std::string refused(const std::vector<std::string>& texts, const ServeAs& how = {}) {
    Result<Served> found = serve(read(specs(texts)), how);
    return found ? "" : found.error();
}

std::vector<std::string> names(const Served& served) {
    std::vector<std::string> all;
    for (const Environment& one : served.environments) all.push_back(one.name);
    return all;
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

TEST_CASE("environments that are alike are one, with the slots of all") {
    CHECK(served({}) == Served{});
    const Served four = served({"popen", "3*popen"});
    CHECK(four.environments == std::vector{Environment{.name = "popen",
                                                       .slots = 4,
                                                       .interpreter = {"python3"},
                                                       .labels = {{host_label, "0"}},
                                                       .in_place = true}});
    REQUIRE(four.hosts.size() == 1);
    CHECK(four.hosts[0].slots == 4);
    CHECK(four.hosts[0].label == "0");
    CHECK(served({"2*popen//slots=3"}).environments[0].slots == 6);
    CHECK(served({"popen//python=python3", "popen"}).environments.size() == 1);
    CHECK(served({"popen//env:A=b//nice=5", "popen//nice=5//env:A=b"}).environments[0].slots == 2);
}

TEST_CASE("environments of one host that differ share its slots") {
    const Served two = served({"popen//python=pypy3 -B//nice=5", "2*popen//chdir=/c//env:A=b"});
    REQUIRE(two.environments.size() == 2);
    CHECK(two.environments[0].interpreter == std::vector<std::string>{"pypy3", "-B"});
    CHECK(two.environments[0].nice == 5);
    CHECK(two.environments[0].in_place);
    CHECK(two.environments[1].variables == std::map<std::string, std::string>{{"A", "b"}});
    CHECK(two.environments[1].folder == "/c");
    CHECK(!two.environments[1].in_place);
    REQUIRE(two.hosts.size() == 1);
    CHECK(two.hosts[0].slots == 3);
}

TEST_CASE("where each of them has to run every test, NUM* counts environments") {
    const ServeAs each{.each = true};
    CHECK(names(served({"3*popen", "popen//id=a"}, each)) ==
          std::vector<std::string>{"popen #1", "popen #2", "popen #3", "a"});
    CHECK(served({"popen//slots=2"}, each).environments[0].slots == 2);
}

TEST_CASE("a broker's workers are asked for by their labels, and always have a copy") {
    const Served found =
        served({"label:os=bsd//label:arch=arm//slots=4", "2*popen"}, {.shared = true});
    REQUIRE(found.environments.size() == 2);
    CHECK(found.environments[0].labels ==
          std::map<std::string, std::string>{{"arch", "arm"}, {"os", "bsd"}});
    CHECK(found.environments[0].slots == 4);
    CHECK(found.environments[1].labels.empty());
    CHECK(!found.environments[1].in_place);
    CHECK(found.hosts.empty());
}

TEST_CASE("a worker that listens is one host for all environments there") {
    const Served found = served({"2*socket=h:1", "socket=h:1//python=p", "socket=h"});
    REQUIRE(found.environments.size() == 3);
    REQUIRE(found.hosts.size() == 2);
    CHECK(found.hosts[0].reach == Reach::socket);
    CHECK(found.hosts[0].slots == 3);
    CHECK(found.environments[0].labels.at(host_label) == found.hosts[0].label);
    CHECK(found.environments[1].labels.at(host_label) == found.hosts[0].label);
    CHECK(found.environments[2].labels.at(host_label) == found.hosts[1].label);
    CHECK(found.hosts[1].spec.port == 8888);
    CHECK(!found.environments[0].in_place);
}

TEST_CASE("what cannot be served is named with its spec") {
    CHECK(refused({"popen", "ssh=-v"}) == "'ssh=-v' names no host in 'ssh=-v'");
    CHECK(refused({"slots=4"}) ==
          "'slots=4' asks for a broker's workers: name the broker with --broker");
    CHECK(refused({"popen//label:a=b"}) ==
          "'popen//label:a=b' asks for a broker's workers: name the broker with --broker");
    CHECK(refused({"ssh=h"}, {.shared = true}) ==
          "'ssh=h' does not go with --broker: start a worker there that joins the broker");
    CHECK(refused({"1000*popen", "100*popen"}) == "more than 1024 slots are asked for");
    CHECK(refused({"popen//id=a", "popen//via=a"}, {.shared = true}) ==
          "'popen//via=a' does not go with --broker: start a worker there that joins the broker");
}

TEST_CASE("environments of one machine have one host, however they name it") {
    const Served found = served({"ssh=h//id=door", "2*ssh=h//python=pypy3", "popen//via=door",
                                 "ssh=-p 2 h", "popen//chdir=x"});
    REQUIRE(found.hosts.size() == 3);
    CHECK(found.hosts[0].reach == Reach::ssh);
    CHECK(found.hosts[0].slots == 4);
    CHECK(found.hosts[1].spec.ssh == "-p 2 h");
    CHECK(found.hosts[2].reach == Reach::popen);
    REQUIRE(found.environments.size() == 5);
    CHECK(found.environments[2].labels.at(host_label) == "0");
    CHECK(!found.environments[2].in_place);  // it is there, not here
}

TEST_CASE("a worker that listens is reached through hosts of ssh, and has slots for its proxy") {
    const Served found = served({"ssh=a//id=a", "socket=h:1//via=a//id=w", "popen//via=w",
                                 "2*popen//via=w//nice=3", "socket=h:1"});
    REQUIRE(found.hosts.size() == 3);
    const Host& behind = found.hosts[1];
    CHECK(behind.reach == Reach::socket);
    CHECK(behind.spec.host == "h");
    CHECK(behind.slots == 4);
    REQUIRE(behind.via.size() == 1);
    CHECK(behind.via[0].ssh == "a");
    CHECK(through_ssh(behind));
    CHECK(!through_ssh(found.hosts[2]));  // it is another h, or may be
    REQUIRE(found.environments.size() == 5);
    CHECK(found.environments[2].labels.at(host_label) == behind.label);
    CHECK(!found.environments[2].in_place);
}

TEST_CASE("a worker that listens leads to no other host") {
    CHECK(refused({"socket=h:1//id=w", "ssh=a//via=w"}) ==
          "nothing is reached through a worker that listens: 'ssh=a//via=w'");
    CHECK(refused({"socket=h:1//id=w", "popen//id=v//via=w", "socket=i:1//via=v"}) ==
          "nothing is reached through a worker that listens: 'socket=i:1//via=v'");
}

TEST_CASE("a proxy is a host on the way; one that is no ssh= is the machine before it") {
    Result<Served> found = serve(read({{"px", "ssh=a//id=a", file},
                                       {"px", "ssh=b//id=b//via=a//ssh_config=c", file},
                                       {"px", "popen//id=here", file},
                                       {"tx", "ssh=c//via=b", file},
                                       {"tx", "popen//via=b", file},
                                       {"tx", "popen//via=here", file}}),
                                 {});
    REQUIRE(found);
    REQUIRE(found->hosts.size() == 3);
    const Host& behind = found->hosts[0];
    CHECK(behind.spec.ssh == "c");
    REQUIRE(behind.via.size() == 2);
    CHECK(behind.via[0].ssh == "a");
    CHECK(behind.via[1].ssh == "b");
    CHECK(behind.via[1].ssh_config == "c");  // a file of the host before it
    CHECK(found->hosts[1].spec.ssh == "b");
    CHECK(found->hosts[1].reach == Reach::ssh);
    CHECK(found->hosts[1].via.size() == 1);
    CHECK(found->hosts[2].reach == Reach::popen);
}
