#include "client/xspec.hpp"

#include <doctest/doctest.h>

#include "client/words.hpp"

using namespace xgrid::client;

namespace {

XSpec good(std::string_view text) {
    xgrid::Result<XSpec> spec = parse_xspec(text);
    REQUIRE_MESSAGE(spec, (spec ? "" : spec.error()));
    return *spec;
}

std::string fault(std::string_view text) {
    xgrid::Result<XSpec> spec = parse_xspec(text);
    return spec ? "none" : spec.error();
}

std::string fault_of(const std::vector<std::string>& environments,
                     const std::vector<std::string>& proxies = {}) {
    std::vector<XSpec> parsed;
    std::vector<XSpec> parsed_proxies;
    for (const std::string& text : environments) parsed.push_back(good(text));
    for (const std::string& text : proxies) parsed_proxies.push_back(good(text));
    return fault_of_all(parsed, parsed_proxies);
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("words part as a shell parts them") {
    const auto words = [](std::string_view text) { return *split_words(text); };
    CHECK(words("  a  'b c' \"d \\\" e\" f\\ g '' \n h#") ==
          Words{"a", "b c", "d \" e", "f g", "", "h#"});
    CHECK(words("a\"b c\"d 'x\\y' \"x\\y\"") == Words{"ab cd", "x\\y", "x\\y"});
    CHECK(words("").empty());
    CHECK(!split_words("'a"));
    CHECK(!split_words("a\\"));
}

TEST_CASE("a spec may ask for several") {
    CHECK(good("popen") == XSpec{.text = "popen"});
    CHECK(good("3*popen").count == 3);
    CHECK(good(" 3 * popen ").text == "popen");
    CHECK(good("2*ssh=me@host//python=python3").count == 2);
    CHECK(good("popen//env:X=a*b").variables.at("X") == "a*b");
}

TEST_CASE("each part arrives with its value") {
    const XSpec spec = good(
        "ssh=-p 5000 me@host//python=/opt/py thon/bin/python3 -X dev//chdir=/tmp/a b=c//nice=-5"
        "//env:A=1=2//env:B=//id=alpha//ssh_config=/etc/my config//via=jump//label:os=linux"
        "//slots=4");
    CHECK(spec.reach == Reach::ssh);
    CHECK(spec.ssh == "-p 5000 me@host");
    CHECK(spec.python == Words{"/opt/py", "thon/bin/python3", "-X", "dev"});
    CHECK(spec.chdir == "/tmp/a b=c");
    CHECK(spec.nice == -5);
    CHECK(spec.variables == std::map<std::string, std::string>{{"A", "1=2"}, {"B", ""}});
    CHECK(spec.id == "alpha");
    CHECK(spec.via == "jump");
    CHECK(spec.ssh_config == "/etc/my config");
    CHECK(spec.labels == std::map<std::string, std::string>{{"os", "linux"}});
    CHECK(spec.slots == 4U);
    CHECK(good("popen//python='/opt/py thon/python' -B").python ==
          Words{"/opt/py thon/python", "-B"});
}

TEST_CASE("a socket has a host and a port") {
    CHECK(good("socket=192.168.1.102:8889").host == "192.168.1.102");
    CHECK(good("socket=192.168.1.102:8889").port == 8889);
    CHECK(good("socket=host").port == 8888);
    CHECK(good("socket=[::1]:99").host == "::1");
    CHECK(good("socket=[::1]:99").port == 99);
    CHECK(good("socket=[::1]").port == 8888);
}

TEST_CASE("labels and slots alone are for a broker's workers") {
    CHECK(good("label:os=linux").reach == Reach::broker);
    CHECK(good("slots=4").reach == Reach::broker);
    CHECK(good("label:os=linux//python=pypy3").reach == Reach::broker);
    CHECK(good("popen//label:os=linux").reach == Reach::popen);
}

TEST_CASE("execnet's other parts mean what they can mean here, or are named") {
    CHECK(good("popen//dont_write_bytecode").variables.at("PYTHONDONTWRITEBYTECODE") == "1");
    CHECK(good("popen//execmodel=thread") == XSpec{.text = "popen//execmodel=thread"});
    CHECK(good("popen//execmodel=main_thread_only").variables.empty());
    CHECK(fault("popen//execmodel=gevent") ==
          "'execmodel=gevent': tests run in the main thread only in 'popen//execmodel=gevent'");
    CHECK(fault("vagrant_ssh=box").starts_with("'vagrant_ssh' is not known to xgrid (ssh= with"));
    CHECK(fault("socket=a:1//installvia=b").starts_with("'installvia' is not known to xgrid"));
}

TEST_CASE("what is wrong with a spec is named") {
    struct {
        const char* spec;
        const char* fault;
    } const table[] = {
        {"", "a spec is empty; the simplest is 'popen'"},
        {"  ", "a spec is empty; the simplest is 'popen'"},
        {"0*popen", "'0*' is no number from 1 to 1024 in '0*popen'"},
        {"-1*popen", "'-1*' is no number from 1 to 1024 in '-1*popen'"},
        {"9999*popen", "'9999*' is no number from 1 to 1024 in '9999*popen'"},
        {"99999999999999999999*popen",
         "'99999999999999999999*' is no number from 1 to 1024 in "
         "'99999999999999999999*popen'"},
        {"3*", "there is an empty part in '3*'"},
        {"x*popen", "unknown part 'x*popen' (a value cannot hold '//') in 'x*popen'"},
        {"3popen", "unknown part '3popen' (a value cannot hold '//') in '3popen'"},
        {"popen//", "there is an empty part in 'popen//'"},
        {"//popen", "there is an empty part in '//popen'"},
        {"popen////nice=1", "there is an empty part in 'popen////nice=1'"},
        {"popen//=x", "there is an empty part in 'popen//=x'"},
        {"popen//Nice=1", "unknown part 'Nice' (a value cannot hold '//') in 'popen//Nice=1'"},
        {"popen//_x=1", "unknown part '_x' (a value cannot hold '//') in 'popen//_x=1'"},
        {"popen/nice=1", "unknown part 'popen/nice' (a value cannot hold '//') in 'popen/nice=1'"},
        {"popen//env:URL=http://x",
         "unknown part 'x' (a value cannot hold '//') in 'popen//env:URL=http://x'"},
        {"popen//popen", "'popen' is given twice in 'popen//popen'"},
        {"popen//nice=1//nice=2", "'nice' is given twice in 'popen//nice=1//nice=2'"},
        {"popen//env:A=1//env:A=2", "'env:A' is given twice in 'popen//env:A=1//env:A=2'"},
        {"popen//ssh=host",
         "'popen' and 'ssh': only one of popen, ssh= and socket= can be in "
         "'popen//ssh=host'"},
        {"socket=h:1//popen",
         "'socket' and 'popen': only one of popen, ssh= and socket= can be "
         "in 'socket=h:1//popen'"},
        {"python=python3", "one of popen, ssh=, socket= or label: is missing in 'python=python3'"},
        {"chdir=/x", "one of popen, ssh=, socket= or label: is missing in 'chdir=/x'"},
        {"popen=1", "'popen' takes no value in 'popen=1'"},
        {"ssh", "'ssh=' needs a value in 'ssh'"},
        {"ssh= ", "'ssh=' needs a value in 'ssh='"},
        {"popen//chdir=", "'chdir=' needs a value in 'popen//chdir='"},
        {"popen//python=", "'python=' needs a value in 'popen//python='"},
        {"popen//python='x", "'python='x' has a quote that is not closed in 'popen//python='x'"},
        {"popen//python=''", "'python=''' names no program in 'popen//python='''"},
        {"popen//nice=high", "'nice=high' is no number from -20 to 19 in 'popen//nice=high'"},
        {"popen//nice=20", "'nice=20' is no number from -20 to 19 in 'popen//nice=20'"},
        {"popen//nice=1.5", "'nice=1.5' is no number from -20 to 19 in 'popen//nice=1.5'"},
        {"slots=0", "'slots=0' is no number from 1 to 1024 in 'slots=0'"},
        {"popen//env:A", "'env:A' needs '=' and a value in 'popen//env:A'"},
        {"popen//env:=1", "'env:' needs a name in 'popen//env:=1'"},
        {"label:os", "'label:os' needs '=' and a value in 'label:os'"},
        {"popen//id=a/b",
         "'id=a/b' has letters that a worker's name cannot have in "
         "'popen//id=a/b'"},
        {"popen//id=..", "'id=..' has letters that a worker's name cannot have in 'popen//id=..'"},
        {"2*popen//id=a", "'id=a' would name 2 environments in '2*popen//id=a'"},
        {"popen//ssh_config=x", "'ssh_config=' goes with ssh= in 'popen//ssh_config=x'"},
        {"label:a=b//via=x", "'via=' goes with popen, ssh= or socket= in 'label:a=b//via=x'"},
        {"socket=:1", "'socket=:1' names no host in 'socket=:1'"},
        {"socket=h:", "'socket=h:' has no port from 1 to 65535 in 'socket=h:'"},
        {"socket=h:0", "'socket=h:0' has no port from 1 to 65535 in 'socket=h:0'"},
        {"socket=h:70000", "'socket=h:70000' has no port from 1 to 65535 in 'socket=h:70000'"},
        {"socket=::1",
         "'socket=::1' is no HOST:PORT (an IPv6 address stands in brackets) in "
         "'socket=::1'"},
        {"socket=[::1", "'socket=[::1' lacks a ']' in 'socket=[::1'"},
        {"socket=[::1]9", "'socket=[::1]9' is no HOST:PORT in 'socket=[::1]9'"},
        {"popen//chdir=a\nb", "a control character in 'popen//chdir=a\nb'"},
    };
    for (const auto& row : table) CHECK(fault(row.spec) == row.fault);
}

TEST_CASE("ids are unique, and via leads somewhere") {
    CHECK(fault_of({"popen", "popen", "2*popen"}).empty());
    CHECK(
        fault_of({"popen//via=a", "ssh=x//via=b"}, {"ssh=h//id=a//via=b", "ssh=j//id=b"}).empty());
    CHECK(fault_of({"popen//id=a", "ssh=h//id=a"}) ==
          "'id=a' is given twice: 'popen//id=a' and 'ssh=h//id=a'");
    CHECK(fault_of({"popen//id=a"}, {"ssh=h//id=a"}) ==
          "'id=a' is given twice: 'ssh=h//id=a' and 'popen//id=a'");
    CHECK(fault_of({"popen//via=a"}) == "'via=a' in 'popen//via=a': nothing has that id");
    CHECK(fault_of({"popen//id=a//via=a"}) ==
          "'via=a' in 'popen//id=a//via=a' leads back to itself");
    CHECK(fault_of({"popen//via=a"}, {"ssh=h//id=a//via=b", "ssh=j//id=b//via=a"}) ==
          "'via=b' in 'ssh=h//id=a//via=b' leads back to itself");
    CHECK(fault_of({}, {"ssh=h"}) == "a proxy needs id=, which 'ssh=h' lacks");
    CHECK(fault_of({}, {"slots=1//id=a"}) ==
          "a proxy needs popen, ssh= or socket=, which 'slots=1//id=a' lacks");
}
