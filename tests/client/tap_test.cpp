#include "client/tap.hpp"

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

std::string tap_of(const std::vector<Event>& events, const RunSpec& spec = {}) {
    Tap tap{EnvironmentNames(spec)};
    Tally tally(spec);
    std::string text = tap.begin(Instant());
    for (const Event& event : events) {
        tally.add(event);
        text += tap.add(Instant(), event, tally);
    }
    return text + tap.end(Instant(), tally, 0);
}

TestFinished finished(Outcome outcome, Phase phase = {}) {
    TestFinished event{.test = {.id = "t.py::x"}, .worker = "gw0"};
    event.result.outcome = outcome;
    if (!phase.category.empty()) event.result.details = Details{.phases = {std::move(phase)}};
    return event;
}

std::string line_of(Outcome outcome, const std::string& reason = "") {
    const std::string text = tap_of({finished(outcome, {.category = "c", .reason = reason})});
    const std::string head = "TAP version 14\n";
    return text.substr(head.size(), text.find('\n', head.size()) - head.size());
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("each outcome is a point with its directive") {
    CHECK(line_of(Outcome::passed) == "ok 1 - t.py::x");
    CHECK(line_of(Outcome::failed) == "not ok 1 - t.py::x");
    CHECK(line_of(Outcome::error) == "not ok 1 - t.py::x");
    CHECK(line_of(Outcome::skipped, "no net") == "ok 1 - t.py::x # SKIP no net");
    CHECK(line_of(Outcome::skipped) == "ok 1 - t.py::x # SKIP");
    CHECK(line_of(Outcome::xfailed, "reason: bug 7") == "not ok 1 - t.py::x # TODO bug 7");
    CHECK(line_of(Outcome::xpassed, "bug 7") == "ok 1 - t.py::x # TODO bug 7");
}

TEST_CASE("the plan is the last line, and counts the points") {
    CHECK(tap_of({finished(Outcome::passed), finished(Outcome::passed)}) ==
          "TAP version 14\nok 1 - t.py::x\nok 2 - t.py::x\n1..2\n");
    CHECK(tap_of({}) == "TAP version 14\n1..0 # SKIP no tests ran\n");
    CHECK(tap_of({finished(Outcome::passed), RunFinished{RunEnd::stopped, 1, "enough"}})
              .ends_with("\n1..1\n"));
}

TEST_CASE("a run that did not come to its end bails out, and has no plan") {
    const std::string text =
        tap_of({finished(Outcome::passed), RunFinished{RunEnd::grid_failed, 3, "no\nworker"}});
    CHECK(text.ends_with("ok 1 - t.py::x\nBail out! no worker\n"));
    CHECK(tap_of({RunFinished{RunEnd::cancelled, 2, ""}})
              .ends_with("Bail out! the run was cancelled\n"));
}

TEST_CASE("a failure has a YAML block that says why, where and what was printed") {
    TestFinished event = finished(Outcome::failed, {.when = "call",
                                                    .category = "failed",
                                                    .text = "    def x():\n\nE  \x1b[31mno\x1b[0m",
                                                    .message = "a \"b\"",
                                                    .path = "/p/t.py",
                                                    .line = 3});
    event.result.seconds = {0.001, 0.002, 0};
    event.result.details->sections = {{"Captured stdout call", "...\n---\n"}};
    CHECK(contains(tap_of({event}),
                   "not ok 1 - t.py::x\n"
                   "  ---\n"
                   "  severity: failed\n"
                   "  duration_ms: 3.000\n"
                   "  worker: \"gw0\"\n"
                   "  phase: \"call\"\n"
                   "  message: \"a \\\"b\\\"\"\n"
                   "  at:\n"
                   "    file: \"/p/t.py\"\n"
                   "    line: 3\n"
                   "  text: |2\n"
                   "        def x():\n"
                   "\n"
                   "    E  no\n"
                   "  output:\n"
                   "    \"Captured stdout call\": |2\n"
                   "      ...\n"
                   "      ---\n"
                   "  ...\n"
                   "1..1\n"));
}

TEST_CASE("no name and no reason can be a directive, a line or a control character") {
    CHECK(tap_words("a # SKIP\nb\\c\x1b") == "a \\# SKIP b\\\\c\\\\x1b");
    CHECK(tap_words("\xc3\xbc\xff") == "\xc3\xbc\xef\xbf\xbd");
    CHECK(yaml_quoted("a\n\"\\\x01\xe2\x80\xa8") == R"("a\n\"\\\x01\u2028")");
    CHECK(yaml_block("\r\x7f\n  x", 2) == "|2\n  \\x0d\\x7f\n    x\n");
    CHECK(yaml_block("", 2) == "|2\n");
}

TEST_CASE("a failed teardown and an environment that could not be had are points of their own") {
    const TeardownFailed late{.test = {.id = "x"},
                              .phase = {.when = "teardown", .message = "late"}};
    CHECK(contains(tap_of({finished(Outcome::passed), late}),
                   "not ok 2 - x (teardown)\n  ---\n  phase: \"teardown\"\n  message: \"late\"\n"));
    const std::string text = tap_of(
        {went(1, "x", Outcome::passed), EnvironmentEnded{0, RunEnd::grid_failed, 3, "no host"}},
        each_of({"ssh=a", "popen"}));
    CHECK(contains(text, "ok 1 - x on popen\n"));
    CHECK(contains(
        text, "not ok 2 - xgrid::environment on ssh=a\n  ---\n  message: \"no host\"\n  ...\n"));
}
