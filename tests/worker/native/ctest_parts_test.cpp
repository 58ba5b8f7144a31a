// What ctest's listing says, how its tests hang together, and how they are judged.
#include <csignal>
#include <string>

#include <doctest/doctest.h>

#include "worker/frameworks/native/ctest_listing.hpp"
#include "worker/frameworks/native/ctest_options.hpp"
#include "worker/frameworks/native/ctest_plan.hpp"
#include "worker/frameworks/native/ctest_self.hpp"
#include "worker/frameworks/native/ctest_variables.hpp"
#include "worker/frameworks/native/ctest_verdict.hpp"

using namespace xgrid;
using namespace xgrid::worker::native;

namespace {

// As ctest 3.25.1 writes it, warnings included.
const std::string listing = R"(RegularExpression::compile(): Unmatched parentheses.
RegularExpression::compile(): Error in compile.
{
  "backtraceGraph": {"commands": ["add_test"], "files": ["/p/CMakeLists.txt"],
                     "nodes": [{"file": 0}, {"command": 0, "file": 0, "line": 6, "parent": 0}]},
  "kind": "ctestInfo",
  "tests": [
    {"backtrace": 1, "command": ["/usr/bin/sh", "-c", "true"], "name": "all", "properties": [
      {"name": "COST", "value": 12.5},
      {"name": "DEPENDS", "value": ["x"]},
      {"name": "DISABLED", "value": true},
      {"name": "ENVIRONMENT", "value": ["A=1", "B=x y"]},
      {"name": "ENVIRONMENT_MODIFICATION", "value": ["PATH=path_list_prepend:/x"]},
      {"name": "FAIL_REGULAR_EXPRESSION", "value": ["bad"]},
      {"name": "FIXTURES_REQUIRED", "value": ["D"]},
      {"name": "LABELS", "value": ["l1", "l2"]},
      {"name": "PASS_REGULAR_EXPRESSION", "value": ["hi", "there"]},
      {"name": "PROCESSORS", "value": 2},
      {"name": "REQUIRED_FILES", "value": ["/etc/passwd"]},
      {"name": "RESOURCE_LOCK", "value": ["a", "b"]},
      {"name": "RUN_SERIAL", "value": true},
      {"name": "SKIP_REGULAR_EXPRESSION", "value": ["skip"]},
      {"name": "SKIP_RETURN_CODE", "value": 77},
      {"name": "TIMEOUT", "value": 5.5},
      {"name": "TIMEOUT_AFTER_MATCH", "value": {"regex": ["abc"], "timeout": 3.0}},
      {"name": "WILL_FAIL", "value": true},
      {"name": "WORKING_DIRECTORY", "value": "/p/b"},
      {"name": "OF_LATER_VERSIONS", "value": {"a": [1]}}]},
    {"backtrace": 0, "name": "missing"}],
  "version": {"major": 1, "minor": 0}
})";

CTestEntry entry(const std::string& name, std::vector<std::string> depends = {}) {
    return {.name = name, .command = {"/bin/true"}, .depends = std::move(depends)};
}

std::vector<std::string> ids(CTestPlan& plan, const std::string& unit) {
    std::vector<std::string> ids;
    for (const std::size_t place : plan.unit_tests.at(unit)) ids.push_back(plan.tests[place].id);
    return ids;
}

using Names = std::vector<std::string>;

int exited(int code) { return code << 8; }

Outcome outcome(const CTestEntry& entry, int status, std::string_view output = "") {
    return ctest_verdict(entry, status, output).outcome;
}

std::string searched(const std::vector<std::string>& pieces) {
    CTestOutput output;
    for (const std::string& piece : pieces) output.add(piece);
    return output.take();
}

}  // namespace

TEST_CASE("ctest's listing says how each test is run and judged") {
    auto entries = ctest_listing_from(listing);
    REQUIRE(entries);
    REQUIRE(entries->size() == 2);
    const CTestEntry& all = entries->front();
    CHECK(all.name == "all");
    CHECK(all.command == Names{"/usr/bin/sh", "-c", "true"});
    CHECK(all.path == "/p/CMakeLists.txt");
    CHECK(all.line == 6);
    CHECK(all.directory == "/p/b");
    CHECK(all.environment == Names{"A=1", "B=x y"});
    CHECK(all.environment_modifications == Names{"PATH=path_list_prepend:/x"});
    CHECK(all.required_files == Names{"/etc/passwd"});
    CHECK(all.disabled);
    CHECK(all.pass == Names{"hi", "there"});
    CHECK(all.fail == Names{"bad"});
    CHECK(all.skip == Names{"skip"});
    CHECK(all.skip_code == 77);
    CHECK(all.will_fail);
    CHECK(all.timeout_seconds == 5.5);
    CHECK(all.timeout_restart == Names{"abc"});
    CHECK(all.timeout_restart_seconds == 3);
    CHECK(all.depends == Names{"x"});
    CHECK(all.fixtures_required == Names{"D"});
    CHECK(all.processors == 2);
    CHECK(all.locks == Names{"a", "b"});
    CHECK(all.serial);
    CHECK(all.cost == 12.5);
    CHECK(all.labels == Names{"l1", "l2"});
    CHECK(entries->back().command.empty());
    CHECK(entries->back().skip_code < 0);
    CHECK(entries->back().timeout_seconds < 0);
}

TEST_CASE("a text that is no listing of ctest is an error, whatever it is") {
    for (std::size_t length = 0; length < listing.size(); ++length) {
        CHECK_FALSE(ctest_listing_from(std::string_view(listing).substr(0, length)));
    }
    for (std::size_t at = 0; at < listing.size(); ++at) {
        for (const char byte : {'0', '"', '-', '{', ']', '\0', '\xff'}) {
            std::string text = listing;
            text[at] = byte;
            ctest_listing_from(text);
        }
    }
    CHECK_FALSE(ctest_listing_from("[1, 2]"));
    CHECK_FALSE(ctest_listing_from(std::string(100'000, '[')));
    CHECK_FALSE(ctest_listing_from(R"({"kind": "ctestInfo", "version": {"major": 2}})"));
}

TEST_CASE("a test that nothing connects is a unit of its own, the most costly first") {
    CTestEntry costly = entry("c");
    costly.cost = 7;
    auto plan = ctest_plan_of({entry("a"), entry("b"), costly});
    REQUIRE(plan);
    CHECK(plan->units == Names{"c", "a", "b"});
    CHECK(ids(*plan, "b") == Names{"b"});
}

TEST_CASE("tests that depend on each other are one unit, in that order") {
    auto plan = ctest_plan_of(
        {entry("z", {"b"}), entry("other"), entry("b", {"a", "not listed"}), entry("a")});
    REQUIRE(plan);
    CHECK(plan->units == Names{"a", "other"});
    CHECK(ids(*plan, "a") == Names{"a", "b", "z"});
}

TEST_CASE("tests around a fixture are a unit that is called by it: setup first, cleanup last") {
    CTestEntry clean = entry("clean", {"use", "set up"});
    clean.fixtures_cleanup = {"DB"};
    CTestEntry use = entry("use", {"set up"});
    use.fixtures_required = {"DB"};
    CTestEntry set_up = entry("set up");
    set_up.fixtures_setup = {"DB"};
    auto plan = ctest_plan_of({clean, use, set_up, entry("fixtures:DB")});
    REQUIRE(plan);
    CHECK(plan->units == Names{"fixtures:DB#2", "fixtures:DB"});
    CHECK(ids(*plan, "fixtures:DB#2") == Names{"set up", "use", "clean"});
    CHECK(plan->tests[1].setups == std::vector<std::size_t>{2});
    CHECK(plan->tests[0].setups.empty());
}

TEST_CASE("the second test of a name has a number") {
    auto plan = ctest_plan_of({entry("a"), entry("a"), entry("a#2")});
    REQUIRE(plan);
    CHECK(plan->units == Names{"a", "a#2", "a#2#2"});
}

TEST_CASE("tests that depend on each other in a circle are an error") {
    CHECK_FALSE(ctest_plan_of({entry("a", {"b"}), entry("b", {"a"})}));
    CHECK_FALSE(ctest_plan_of({entry("a", {"a"})}));
}

TEST_CASE("the environment of a test is modified in the order of the modifications") {
    const auto inherited = [](const std::string& name) -> std::optional<std::string> {
        if (name == "PATH") return "/bin";
        return std::nullopt;
    };
    CTestEntry test;
    test.environment = {"ZZ=1", "YY=2", "YY=3", "NO_VALUE"};
    test.environment_modifications = {"ZZ=string_append:q",
                                      "ZZ=unset:",
                                      "ZZ=string_append:w",
                                      "HOME=unset:",
                                      "S=set:a=b:c",
                                      "R=set:x",
                                      "R=reset:",
                                      "X=path_list_append:a",
                                      "X=path_list_append:b",
                                      "X=path_list_prepend:c",
                                      "V=cmake_list_append:1",
                                      "V=cmake_list_prepend:0",
                                      "P=string_prepend:1",
                                      "P=string_prepend:2",
                                      "PATH=path_list_prepend:/x"};
    auto variables = ctest_variables(test, inherited);
    REQUIRE(variables);
    CHECK(*variables == Variables{{"CTEST_INTERACTIVE_DEBUG_MODE", "1"},
                                  {"CTEST_RESOURCE_GROUP_COUNT", std::nullopt},
                                  {"ZZ", "1w"},
                                  {"YY", "3"},
                                  {"NO_VALUE", std::nullopt},
                                  {"HOME", std::nullopt},
                                  {"S", "a=b:c"},
                                  {"X", "c:a:b"},
                                  {"V", "0;1"},
                                  {"P", "21"},
                                  {"PATH", "/x:/bin"}});
    for (const char* wrong : {"A", "A=set", "A=frob:x", "A=_append:x", "A=:x", ""}) {
        test.environment_modifications = {wrong};
        CHECK_FALSE(ctest_variables(test, inherited));
    }
}

TEST_CASE("a test passes by its exit code, unless it will fail") {
    CTestEntry test;
    CHECK(outcome(test, exited(0)) == Outcome::passed);
    CHECK(outcome(test, exited(3)) == Outcome::failed);
    CHECK(ctest_verdict(test, exited(3), "").why == "exit status 3");
    test.will_fail = true;
    CHECK(outcome(test, exited(0)) == Outcome::failed);
    CHECK(outcome(test, exited(3)) == Outcome::passed);
}

TEST_CASE("a crash fails every test, also one that will fail or asks to be skipped") {
    CTestEntry test;
    test.will_fail = true;
    test.skip = {"skip"};
    test.pass = {"skip"};
    CHECK(outcome(test, SIGSEGV, "skip\n") == Outcome::failed);
    CHECK(ctest_verdict(test, SIGSEGV, "").why == "Exception: SegFault");
    CHECK(ctest_verdict(test, SIGTERM, "").why == "Exception: Terminated");
}

TEST_CASE("where a test has expressions for passing, its exit code says nothing") {
    CTestEntry test;
    test.pass = {"(broken", "fine$"};
    CHECK(outcome(test, exited(1), "fine") == Outcome::passed);
    CHECK(outcome(test, exited(0), "fine.") == Outcome::failed);
    CHECK(ctest_verdict(test, exited(0), "").why ==
          "Required regular expression not found. Regex=[(broken\nfine$\n]");
    test.will_fail = true;
    CHECK(outcome(test, exited(0), "fine.") == Outcome::passed);
    CHECK(outcome(test, exited(1), "fine") == Outcome::failed);
}

TEST_CASE(
    "an expression for failing goes before one for passing, and one for skipping before both") {
    CTestEntry test;
    test.pass = {"fine"};
    test.fail = {"error"};
    CHECK(outcome(test, exited(0), "fine error") == Outcome::failed);
    test.will_fail = true;
    CHECK(outcome(test, exited(0), "fine error") == Outcome::passed);
    test.skip = {"error"};
    CHECK(outcome(test, exited(0), "fine error") == Outcome::skipped);
    CHECK(outcome(test, exited(1), "fine") == Outcome::failed);
}

TEST_CASE("a test with the exit code for skipping is skipped") {
    CTestEntry test;
    test.skip_code = 77;
    CHECK(outcome(test, exited(77)) == Outcome::skipped);
    CHECK(outcome(test, exited(7)) == Outcome::failed);
    test.skip_code = 0;
    CHECK(outcome(test, exited(0)) == Outcome::skipped);
    test.skip_code = -1;
    CHECK(outcome(test, exited(255)) == Outcome::failed);
}

TEST_CASE("output is searched in lines, without what a test tells ctest") {
    CHECK(searched({}) == "");
    CHECK(searched({"a", "b\nc"}) == "ab\nc\n");
    CHECK(searched({"a\r\r\nb\r", "\nc\r"}) == "a\nb\nc\r\n");
    CHECK(searched({std::string("a\0b\n", 4)}) == "a\nb\n");
    CHECK(searched({"x<CTestDetails>why</CTestDetails>\nb\n<CTestLabel>l</CTestLabel>"}) == "b\n");
    CHECK(searched({"<CTestLabel>\n"}) == "<CTestLabel>\n");
}

TEST_CASE("options of ctest that select go to ctest") {
    auto options = ctest_options_from(
        {"-R", "^a", "out", "--label-regex=x=y", "-U", "--output-on-failure", "--timeout", "1.5"});
    REQUIRE(options);
    CHECK(options->folder == "out");
    CHECK(options->selection == Names{"-R", "^a", "--label-regex", "x=y", "-U"});
    CHECK(options->timeout_seconds == 1.5);
    CHECK(ctest_options_from({"--test-dir", "b"})->folder == "b");
}

TEST_CASE("an option that is not known is an error that names it") {
    const auto error = [](std::vector<std::string> arguments) {
        auto options = ctest_options_from(arguments);
        REQUIRE_FALSE(options);
        return options.error();
    };
    CHECK(error({"--frob"}).starts_with("cannot take the option --frob for ctest"));
    CHECK(error({"-j4"}) == "instead of ctest's -j, xgrid has -n N");
    CHECK(error({"--output-junit=x"}) ==
          "instead of ctest's --output-junit, xgrid has --junitxml FILE");
    CHECK(error({"-R"}) == "-R needs a value");
    CHECK(error({"--timeout", "1s"}).starts_with("--timeout needs a number"));
    CHECK(error({"a", "b"}) == "ctest has one build folder, not both a and b");
}

TEST_CASE("a name is a pattern that finds it alone") {
    CHECK(ctest_name_pattern("a.b[1]") == "^a\\.b\\[1\\]$");
}
