#include "client/junit.hpp"

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Instant start = Instant() + std::chrono::hours(1);

TestFinished finished(const std::string& id, std::vector<Phase> phases = {}) {
    TestFinished event{.unit = "test_a.py", .test = {.id = id}, .worker = "gw0"};
    if (!phases.empty()) event.result.details = Details{.phases = std::move(phases)};
    return event;
}

std::string report(const std::vector<Event>& events) {
    Junit junit({.prefix = "", .host = "host", .started = "2026-01-02T03:04:05"});
    Tally tally;
    std::string text = junit.begin(start);
    for (const Event& event : events) {
        tally.add(event);
        text += junit.add(start, event, tally);
    }
    return text + junit.end(start + std::chrono::seconds(2), tally, 0);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("class name and name are those of plain pytest") {
    using Names = std::pair<std::string, std::string>;
    CHECK(junit_names("a/b/test_c.py::test_d", "") == Names{"a.b.test_c", "test_d"});
    CHECK(junit_names("test_c.py::TestX::test_d[a::b/c.py]", "") ==
          Names{"test_c.TestX", "test_d[a::b/c.py]"});
    CHECK(junit_names("test_c.py::test_d", "pre") == Names{"pre.test_c", "test_d"});
    CHECK(junit_names("test_bad.py", "") == Names{"", "test_bad"});
}

TEST_CASE("a run that passed is one suite with a case per test") {
    const std::string text = report({finished("test_a.py::test_x")});
    CHECK(text ==
          "<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites><testsuite name=\"pytest\" "
          "errors=\"0\" failures=\"0\" skipped=\"0\" tests=\"1\" time=\"2.000\" "
          "timestamp=\"2026-01-02T03:04:05\" hostname=\"host\"><testcase classname=\"test_a\" "
          "name=\"test_x\" time=\"0.000\" /></testsuite></testsuites>");
}

TEST_CASE("each outcome has its element") {
    const auto one = [](Phase phase) { return report({finished("test_a.py::test_x", {phase})}); };
    CHECK(
        contains(one({.when = "call", .category = "failed", .text = "\nE why\n", .message = "why"}),
                 "<failure message=\"why\">E why</failure>"));
    CHECK(contains(one({.when = "setup", .category = "error", .text = "t", .message = "why"}),
                   "<error message=\"failed on setup with &quot;why&quot;\">t</error>"));
    CHECK(contains(one({.when = "collect", .category = "error", .text = "t"}),
                   "<error message=\"collection failure\">t</error>"));
    CHECK(contains(
        one({.when = "setup", .category = "skipped", .reason = "r", .path = "p", .line = 3}),
        "<skipped type=\"pytest.skip\" message=\"r\">p:3: r</skipped>"));
    CHECK(contains(one({.when = "call", .category = "xfailed", .reason = "reason: r"}),
                   "<skipped type=\"pytest.xfail\" message=\"r\" />"));
}

TEST_CASE("a failed teardown stands beside the test's own outcome, and counts for itself") {
    const Phase teardown{.when = "teardown", .category = "error", .text = "t", .message = "why"};
    const std::string at_once = report({finished("test_a.py::test_x", {teardown})});
    const std::string late =
        report({finished("test_a.py::test_x"),
                TeardownFailed{
                    .unit = "test_a.py", .test = {.id = "test_a.py::test_x"}, .phase = teardown}});
    for (const std::string& text : {at_once, late}) {
        CHECK(contains(text, "errors=\"1\" failures=\"0\" skipped=\"0\" tests=\"2\""));
        CHECK(contains(text, "failed on teardown with &quot;why&quot;"));
    }
}

TEST_CASE("what is said later to have been recorded stands in the test's case") {
    const TestName test{.id = "build/unit::A.one"};
    const std::string text =
        report({PropertiesAdded{.test = test, .properties = {{"too", "early"}}}, finished(test.id),
                finished("build/unit::A.two"),
                PropertiesAdded{.test = test, .properties = {{"a", "1 < 2"}, {"b", ""}}}});
    CHECK(contains(text,
                   "name=\"A.one\" time=\"0.000\"><properties><property name=\"a\" "
                   "value=\"1 &lt; 2\" /><property name=\"b\" value=\"\" /></properties>"
                   "</testcase>"));
    CHECK(!contains(text, "early"));
}

TEST_CASE("a failure and a failed teardown are two cases of one test") {
    const Phase call{.when = "call", .category = "failed", .text = "c", .message = "why"};
    const Phase teardown{.when = "teardown", .category = "error", .text = "t", .message = "why"};
    const std::string text = report({finished("test_a.py::test_x", {call, teardown})});
    CHECK(contains(text, "errors=\"1\" failures=\"1\" skipped=\"0\" tests=\"1\""));
    CHECK(contains(text, "</failure></testcase><testcase classname=\"test_a\" name=\"test_x\""));
}

TEST_CASE("a coloured run's tracebacks are written without colours, as plain pytest's") {
    const Phase call{.when = "call", .category = "failed", .text = "\x1b[31mE  0\x1b[0m"};
    for (const bool coloured : {true, false}) {
        WorkerUp up;
        up.facts.settings["color"] = coloured ? "yes" : "no";
        Junit junit({});
        junit.add(start, up, Tally());
        junit.add(start, finished("test_a.py::test_x", {call}), Tally());
        const std::string text = junit.end(start, Tally(), 1);
        CHECK(contains(text, ">E  0</failure>") == coloured);
        CHECK(contains(text, ">#x1B[31mE  0#x1B[0m</failure>") == !coloured);
    }
}

TEST_CASE("whatever a test prints, the file is well formed") {
    CHECK(xml_text("a<b>&c\"") == "a&lt;b&gt;&amp;c\"");
    CHECK(xml_attribute("a\"b\nc\td") == "a&quot;b&#10;c&#09;d");
    CHECK(xml_text(std::string("\0\x1b\x7f", 3)) == "#x00#x1B#x7F");
    CHECK(xml_text("\xc3\xbc\xf0\x9f\x98\x80") == "\xc3\xbc\xf0\x9f\x98\x80");
    CHECK(xml_text("\xff\xc3") == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(xml_text("\xed\xa0\x80\xc0\xaf") ==
          "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(xml_text("\xef\xbf\xbf") == "#xFFFF");
}

TEST_CASE("where each environment has verdicts of its own it has a suite of its own") {
    const RunSpec spec = each_of({"popen//env:A=1", "ssh=b \"x\" <y>"});
    Junit junit({.host = "here", .started = "then", .environments = EnvironmentNames(spec)});
    Tally tally(spec);
    junit.begin(start);
    const std::vector<Event> events = {
        up_in(0, {{"python", "3.9.2"}}), up_in(1, {{"python", "3.11.2"}}),
        went(0, "test_a.py::test_x", Outcome::failed),
        went(1, "test_a.py::test_x", Outcome::passed),
        TeardownFailed{.unit = "test_a.py",
                       .test = {"test_a.py::test_x"},
                       .phase = {.when = "teardown", .category = "error", .message = "late"},
                       .environment = 1}};
    for (const Event& event : events) junit.add(start, event, tally);
    junit.add(start + std::chrono::seconds(1), EnvironmentEnded{0}, tally);
    const std::string text = junit.end(start + std::chrono::seconds(2), tally, 1);
    CHECK(contains(text,
                   "<testsuite name=\"pytest on popen//env:A=1\" errors=\"0\" failures=\"1\" "
                   "skipped=\"0\" tests=\"1\" time=\"1.000\" timestamp=\"then\" "
                   "hostname=\"host0\"><properties><property name=\"environment\" "
                   "value=\"popen//env:A=1\" /><property name=\"python\" value=\"3.9.2\" />"
                   "</properties><testcase classname=\"test_a\" name=\"test_x\""));
    CHECK(contains(text,
                   "<testsuite name=\"pytest on ssh=b &quot;x&quot; &lt;y&gt;\" errors=\"1\" "
                   "failures=\"0\" skipped=\"0\" tests=\"2\" time=\"2.000\""));
    CHECK(contains(text, "failed on teardown with &quot;late&quot;"));
}

TEST_CASE("an environment that could not be had is an error in its suite") {
    const RunSpec spec = each_of({"a", "b"});
    Junit junit({.environments = EnvironmentNames(spec)});
    junit.begin(start);
    junit.add(start, EnvironmentEnded{1, RunEnd::grid_failed, 3, "no such host <b>"}, Tally());
    const std::string text = junit.end(start, Tally(), 3);
    CHECK(contains(text,
                   "<testcase classname=\"xgrid\" name=\"environment\" time=\"0.000\">"
                   "<error message=\"no such host &lt;b&gt;\">no such host &lt;b&gt;</error>"));
}
