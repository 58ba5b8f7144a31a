// What reports say of tests that ran again, and of those in quarantine.
#include <doctest/doctest.h>

#include "client/json_lines.hpp"
#include "client/junit.hpp"
#include "client/quarantined.hpp"
#include "client/repeating.hpp"
#include "client/terminal.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Instant start = Instant() + std::chrono::hours(1);
const std::string id = "test_a.py::test_x";

TestResult failure(const std::string& why) {
    TestResult result{.outcome = Outcome::failed};
    result.details = Details{.phases = {{.when = "call",
                                         .category = "failed",
                                         .letter = "F",
                                         .word = "FAILED",
                                         .text = "E   " + why + "\n",
                                         .message = why}}};
    return result;
}

TestFailing failing(std::uint32_t attempt, const std::string& worker, bool retried = true) {
    return {.unit = "test_a.py",
            .test = {id},
            .worker = worker,
            .result = failure("ValueError: no " + std::to_string(attempt)),
            .attempt = attempt,
            .retried = retried};
}

TestFinished finished(std::uint32_t attempt, const std::string& worker, TestResult result = {}) {
    return {.unit = "test_a.py",
            .test = {id},
            .worker = worker,
            .attempt = attempt,
            .result = std::move(result),
            .was_failing = attempt > 1};
}

std::string said(Report& report, const RunSpec& spec, const std::vector<Event>& events) {
    Tally tally(spec);
    std::string text = report.begin(start);
    for (Event event : events) {
        quarantine(spec.quarantines, event);
        tally.add(event);
        text += report.add(start, event, tally);
    }
    return text + report.end(start + std::chrono::seconds(1), tally, tally.exit_code(false));
}

std::string terminal(const std::vector<Event>& events, const RunSpec& spec = {}) {
    Terminal report{TerminalSettings{}};
    return said(report, spec, events);
}

std::string junit(const std::vector<Event>& events, const RunSpec& spec = {}) {
    Junit report({.prefix = "", .host = "host", .started = "now"});
    return said(report, spec, events);
}

std::string json(const std::vector<Event>& events, const RunSpec& spec = {}) {
    JsonLines report({.run = "run", .environments = EnvironmentNames(spec)});
    return said(report, spec, events);
}

int code(const std::vector<Event>& events, const RunSpec& spec = {}) {
    Tally tally(spec);
    for (Event event : events) {
        quarantine(spec.quarantines, event);
        tally.add(event);
    }
    return tally.exit_code(false);
}

bool contains(const std::string& text, const std::string& part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE(text);
    return found;
}

const std::vector<Event> flaky = {failing(1, "gw0"), finished(2, "gw1")};
const std::vector<Event> broken = {failing(1, "gw0"), finished(2, "gw1", failure("ValueError: 2"))};

RunSpec in_quarantine() {
    return {.quarantines = {{"test_a.py::*", "ann", "example.org/1", "2026-12-31"}}};
}

}  // namespace

TEST_CASE("a test that passes when it runs again has passed, and is counted as flaky") {
    const std::string text = terminal(flaky);
    CHECK(contains(text, " 1 passed, 1 flaky in 1.00s "));
    CHECK(contains(text, "R."));
    CHECK(code(flaky) == 0);
}

TEST_CASE("what failed before a test passed is shown") {
    const std::string text = terminal({failing(1, "gw0"), failing(2, "gw1"), finished(3, "gw0")});
    CHECK(contains(text, " FLAKY TESTS "));
    CHECK(contains(text, " test_x (attempt 1) "));
    CHECK(contains(text, "E   ValueError: no 1\nattempt 3 on gw0 passed\n"));
    CHECK(contains(text, " test_x (attempt 2) "));
    CHECK(contains(text, "\nFLAKY test_a.py::test_x - ValueError: no 1\n==="));
}

TEST_CASE("of a test that failed each time the last is shown, and what it gave before") {
    const std::string text = terminal(broken);
    CHECK(contains(text, "E   ValueError: 2\nattempt 1 on gw0: ValueError: no 1\n"));
    CHECK(contains(text, " 1 failed in 1.00s "));
    CHECK(contains(text, "RF"));
    CHECK(code(broken) == 1);
}

TEST_CASE("a flaky test fails the run only if that is asked for, and not in quarantine") {
    CHECK(code(flaky, {.fail_on_flaky = true}) == 1);
    RunSpec spec = in_quarantine();
    spec.fail_on_flaky = true;
    CHECK(code(flaky, spec) == 0);
}

TEST_CASE("what passes where everything is collected is not flaky") {
    const std::vector<Event> events = {failing(1, "gw0"), failing(2, "gw1", false),
                                       finished(3, "gw2")};
    CHECK(contains(terminal(events), " 1 passed in 1.00s "));
    CHECK(code(events, {.fail_on_flaky = true}) == 0);
}

TEST_CASE("under each a test is flaky where it is") {
    RunSpec each{.environments = {{.name = "a"}, {.name = "b"}}, .each = true};
    TestFailing there = failing(1, "gw0");
    there.environment = 1;
    CHECK(code({there, finished(1, "gw1")}, {.fail_on_flaky = true}) == 1);
    each.fail_on_flaky = true;
    CHECK(code({there, finished(1, "gw1")}, each) == 0);
}

TEST_CASE("a JUnit report has what failed before, as Maven Surefire's has") {
    CHECK(contains(junit(flaky), "errors=\"0\" failures=\"0\" skipped=\"0\" tests=\"1\""));
    CHECK(contains(junit(flaky),
                   "<flakyFailure message=\"ValueError: no 1\" type=\"ValueError\"><stackTrace>E   "
                   "ValueError: no 1</stackTrace></flakyFailure></testcase>"));
    CHECK(contains(junit(broken),
                   "<failure message=\"ValueError: 2\">E   ValueError: 2</failure><rerunFailure "
                   "message=\"ValueError: no 1\" type=\"ValueError\">"));
}

TEST_CASE("JSON lines tell of each attempt, and whether the test is flaky") {
    CHECK(contains(json(flaky), "\"attempt\":1,\"retried\":true"));
    CHECK(contains(json(flaky), "\"attempt\":2,\"crashed\":false,\"message\":\"\",\"flaky\":true"));
    CHECK(contains(json(flaky), "\"counts\":{\"flaky\":1,\"passed\":1}"));
    CHECK(contains(json(broken), "\"flaky\":false"));
}

TEST_CASE("a failure in quarantine fails nothing, and is shown with who sees to it") {
    const std::vector<Event> events = {finished(1, "gw0", failure("ValueError: 1"))};
    const std::string text = terminal(events, in_quarantine());
    CHECK(contains(text, " QUARANTINED "));
    CHECK(contains(text, "E   ValueError: 1"));
    CHECK(contains(text,
                   "QUARANTINED test_a.py::test_x - owner: ann, example.org/1, until 2026-12-31: "
                   "ValueError: 1\n"));
    CHECK(contains(text, " 1 quarantined in 1.00s "));
    CHECK(code(events, in_quarantine()) == 0);
    CHECK(contains(json(events, in_quarantine()),
                   "\"quarantine\":{\"owner\":\"ann\",\"issue\":\"example.org/1\",\"until\":"
                   "\"2026-12-31\"}"));
}

TEST_CASE("a JUnit report has a failure in quarantine as skipped, with its message") {
    const std::string text = junit({finished(1, "gw0", failure("ValueError: 1"))}, in_quarantine());
    CHECK(contains(text, "failures=\"0\" skipped=\"1\" tests=\"1\""));
    CHECK(contains(text,
                   "<properties><property name=\"quarantine\" value=\"owner: ann, example.org/1, "
                   "until 2026-12-31\" /></properties><skipped type=\"xgrid.quarantine\" "
                   "message=\"quarantined (owner: ann, example.org/1, until 2026-12-31): "
                   "ValueError: 1\">E   ValueError: 1</skipped>"));
}

TEST_CASE("a teardown that fails late is in its test's quarantine") {
    const TeardownFailed late{.unit = "test_a.py",
                              .test = {id},
                              .worker = "gw0",
                              .phase = {.when = "teardown", .category = "error", .message = "no"}};
    const std::vector<Event> events = {finished(1, "gw0"), late};
    CHECK(code(events) == 1);
    CHECK(code(events, in_quarantine()) == 0);
    CHECK(contains(terminal(events, in_quarantine()), " 1 passed, 1 quarantined in 1.00s "));
    CHECK(contains(junit(events, in_quarantine()),
                   "errors=\"0\" failures=\"0\" skipped=\"1\" tests=\"1\""));
}

TEST_CASE("a file that cannot be collected is in no quarantine") {
    TestFinished event{.unit = "test_a.py", .test = {"test_a.py::"}};
    event.result.outcome = Outcome::error;
    event.result.details = Details{.phases = {{.when = "collect", .category = "error"}}};
    CHECK(code({event}, in_quarantine()) == 1);
}

TEST_CASE("a loop on failing tests does not wait for those in quarantine") {
    Repeating repeating;
    Event event = finished(1, "gw0", failure("ValueError: 1"));
    quarantine(in_quarantine().quarantines, event);
    repeating.add(event);
    repeating.end();
    CHECK(repeating.failing().empty());
}
