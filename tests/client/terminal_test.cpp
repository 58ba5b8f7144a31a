#include "client/terminal.hpp"

#include <doctest/doctest.h>

#include "client/summary_line.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Instant start = Instant() + std::chrono::hours(1);

TestFinished finished(const std::string& id, std::vector<Phase> phases = {}) {
    TestFinished event{.unit = "test_a.py", .test = {.id = id}, .worker = "gw0"};
    if (phases.empty()) return event;
    event.result.outcome = phases[0].category == "skipped" ? Outcome::skipped : Outcome::failed;
    event.result.details = Details{.phases = std::move(phases)};
    return event;
}

Phase failure() {
    return {.when = "call",
            .category = "failed",
            .letter = "F",
            .word = "FAILED",
            .text = "\nE   assert 0\n",
            .message = "assert 0"};
}

std::string show(const std::vector<Event>& events, TerminalSettings settings = {}) {
    Terminal terminal(std::move(settings));
    Tally tally;
    std::string text = terminal.begin(start);
    for (const Event& event : events) {
        tally.add(event);
        text += terminal.add(start, event, tally);
    }
    return text + terminal.end(start + std::chrono::milliseconds(530), tally, 0);
}

std::string last_line(const std::vector<Event>& events, TerminalSettings settings = {}) {
    const std::string text = show(events, std::move(settings));
    return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

Event known(std::uint32_t tests) {
    UnitLoaded loaded{.unit = "test_a.py"};
    loaded.tests.resize(tests);
    return loaded;
}

}  // namespace

TEST_CASE("the last line is pytest's") {
    CHECK(last_line({finished("a"), finished("b", {failure()})}) ==
          "========================= 1 failed, 1 passed in 0.53s ==========================\n");
    CHECK(last_line({}) ==
          "============================ no tests ran in 0.53s =============================\n");
    TerminalSettings quiet;
    quiet.display.verbosity = -1;
    CHECK(last_line({finished("a")}, quiet) == "1 passed in 0.53s\n");
}

TEST_CASE("counts stand in pytest's order, and one warning is one warning") {
    const Phase error{.when = "teardown", .category = "error", .letter = "E", .word = "ERROR"};
    const Phase skipped{.when = "setup", .category = "skipped", .letter = "s", .word = "SKIPPED"};
    const std::string line = last_line({WarningSeen{}, finished("a", {error}),
                                        finished("b", {skipped}), finished("c", {failure()})});
    CHECK(contains(line, "1 failed, 1 passed, 1 skipped, 1 warning, 1 error in "));
}

TEST_CASE("more than a minute is told in hours, too") {
    CHECK(took_text(std::chrono::milliseconds(65'200)) == "65.20s (0:01:05)");
}

TEST_CASE("-v prints a line per test, with its slot and the share that is done") {
    TerminalSettings settings;
    settings.display.verbosity = 1;
    const std::string text =
        show({UnitsKnown{1, true}, known(8), finished("test_a.py::test_ok")}, settings);
    CHECK(contains(text, "[gw0] [ 12%] PASSED test_a.py::test_ok\n"));
}

TEST_CASE("a share of 100% is not claimed before every file is known") {
    TerminalSettings settings;
    settings.display.verbosity = 1;
    CHECK(contains(show({UnitsKnown{1, false}, known(1), finished("a")}, settings),
                   "[ 99%] PASSED a"));
    CHECK(contains(show({UnitsKnown{1, true}, known(1), finished("a")}, settings),
                   "[100%] PASSED a"));
}

TEST_CASE("in a pipe letters fill lines that end in the share") {
    std::vector<Event> events = {UnitsKnown{1, true}, known(100)};
    for (int i = 0; i < 100; ++i) events.push_back(finished("a"));
    CHECK(contains(show(events), std::string(72, '.') + " [ 72%]\n" + std::string(28, '.')));
}

TEST_CASE("a failure is shown in full, with its worker and what it printed") {
    TestFinished event = finished("test_a.py::TestX::test_y", {failure()});
    event.result.details->sections = {{"Captured stdout call", "out\n"},
                                      {"Captured stderr call", "err"}};
    WorkerUp up{.worker = "gw0"};
    up.facts = {.platform = "linux", .version = "3.11.2", .executable = "/usr/bin/python3"};
    TerminalSettings settings;
    settings.display.show_capture = "stdout";
    const std::string text = show({up, event}, settings);
    CHECK(contains(
        text,
        "_________________________________ TestX.test_y _________________________________\n"
        "[gw0] linux -- Python 3.11.2 /usr/bin/python3\n"
        "\nE   assert 0\n"
        "----------------------------- Captured stdout call -----------------------------\n"
        "out\n"));
    CHECK(!contains(text, "Captured stderr"));
    CHECK(contains(text, "FAILED test_a.py::TestX::test_y - assert 0\n"));
}

TEST_CASE("a crash names the slot, and its replacement once something goes on") {
    const std::string text =
        show({WorkerDown{"gw0", "crashed: exited with status 3"}, TestStarted{"u", {"t"}, "gw1"}});
    CHECK(contains(
        text, "[gw0] node down: crashed: exited with status 3\nreplacing crashed worker gw0\n"));
    const std::string last =
        show({WorkerDown{"gw0", "crashed"}, RunFinished{RunEnd::stopped, 1, "limit"}});
    CHECK(!contains(last, "replacing"));
    // What another slot had been given goes on.
    const std::string none =
        show({WorkerDown{"gw0", "crashed"}, TestStarted{"u", {"t"}, "gw1"}}, {.crashes_max = 0});
    CHECK(!contains(none, "replacing"));
    CHECK(contains(last, " limit "));
}

TEST_CASE("no name of a test steers the terminal") {
    TerminalSettings settings;
    settings.display.verbosity = 1;
    CHECK(contains(show({finished("test_a.py::test[\x1b[2J]")}, settings), "test[\\x1b[2J]\n"));
}

TEST_CASE("-r chooses what the summary lists") {
    const Phase skipped{.when = "setup",
                        .category = "skipped",
                        .letter = "s",
                        .word = "SKIPPED",
                        .reason = "why",
                        .path = "test_a.py",
                        .line = 4};
    TerminalSettings settings;
    settings.display.report_chars = "sp";
    const std::string text =
        show({finished("a", {skipped}), finished("b", {skipped}), finished("c")}, settings);
    CHECK(contains(text, "SKIPPED [2] test_a.py:4: why\nPASSED c\n"));
}

TEST_CASE("listing ends with how many tests there are") {
    TerminalSettings settings;
    settings.display.collect_only = true;
    CHECK(contains(last_line({known(3)}, settings), " 3 tests collected in 0.53s "));
    CHECK(contains(last_line({}, settings), " no tests collected in 0.53s "));
}

TEST_CASE("a list is pytest's: a tree below an empty line, ids, or counts") {
    UnitLoaded loaded{.unit = "test_a.py", .tests = {{"test_a.py::test_x"}}};
    loaded.listed = {{0, "test_a.py", "<Module test_a.py>"}, {1, "test_a.py::test_x", "<F>"}};
    const UnitsKnown unit{1, true, {"test_a.py"}};
    TerminalSettings settings;
    settings.display.collect_only = true;
    CHECK(contains(show({unit, loaded}, settings), "\n\n<Module test_a.py>\n  <F>\n\n==="));
    loaded.listed = {{0, "test_a.py::test_x", "test_a.py::test_x"}};
    settings.display.verbosity = -1;
    CHECK(show({unit, loaded}, settings).starts_with("test_a.py::test_x\n\n1 test collected"));
    settings.display.verbosity = -2;
    CHECK(show({unit, loaded}, settings) == "test_a.py: 1\n\n");
}

TEST_CASE("a progress line makes room for results and comes back below them") {
    TerminalSettings settings;
    settings.live = true;
    Terminal terminal(settings);
    Tally tally;
    tally.add(known(2));
    const Instant later = start + std::chrono::seconds(1);
    terminal.begin(start);
    terminal.add(start, WorkerUp{}, tally);
    CHECK(terminal.tick(start, tally).empty());
    const std::string line = terminal.tick(later, tally);
    CHECK(line == "\x1b[?7l0/~2, 0/s\x1b[?7h");
    const Event event = finished("a");
    tally.add(event);
    CHECK(terminal.add(later, event, tally) == "\r\x1b[K.");
    CHECK(terminal.tick(later, tally) == "\n\x1b[?7l1/~2, 1/s, 1 s left\x1b[?7h");
    CHECK(terminal.add(later, event, tally) == "\r\x1b[K\x1b[A\x1b[1C.");
    terminal.tick(later, tally);
    CHECK(terminal.end(later, tally, 0).starts_with("\r\x1b[K\x1b[A\x1b[2C    "));
}

TEST_CASE("a progress line fits into any terminal, and the number of failures goes last") {
    TerminalSettings settings;
    settings.live = true;
    settings.columns = 20;
    Terminal terminal(settings);
    Tally tally;
    terminal.begin(start);
    for (const Event& event : {known(2000), Event(finished("a", {failure()}))}) {
        tally.add(event);
        terminal.add(start, event, tally);
    }
    CHECK(contains(terminal.tick(start + std::chrono::seconds(2), tally),
                   "\x1b[?7l1/~2000, 1 failed\x1b"));
}

TEST_CASE("until a slot has the code the progress line tells how much was sent") {
    TerminalSettings settings;
    settings.live = true;
    Terminal terminal(settings);
    Tally tally;
    terminal.begin(start);
    tally.add_given(12'340'000);
    CHECK(terminal.tick(start + std::chrono::seconds(1), tally) ==
          "\x1b[?7lsending the code: 12.3 MB\x1b[?7h");
    tally.add(WorkerUp{});
    terminal.add(start, WorkerUp{}, tally);
    CHECK(contains(terminal.tick(start + std::chrono::seconds(2), tally), "\x1b[?7l0/"));
}

TEST_CASE("the progress line counts what is failing apart from what has failed") {
    TerminalSettings settings;
    settings.live = true;
    Terminal terminal(settings);
    Tally tally;
    terminal.begin(start);
    const auto line = [&](const Event& event) {
        tally.add(event);
        terminal.add(start, event, tally);
        return terminal.tick(start + std::chrono::seconds(10), tally);
    };
    line(known(4));
    const TestResult result = finished("a", {failure()}).result;
    CHECK(contains(line(TestFailing{"test_a.py", {"a"}, "gw0", result}), "0/~4, 1 failing, 0/s"));
    // Said once more by a broker that has lost its memory.
    CHECK(contains(line(TestFailing{"test_a.py", {"a"}, "gw0", result}), "0/~4, 1 failing, 0/s"));
    CHECK(contains(line(TestFailing{"test_a.py", {"b"}, "gw0", result}), ", 2 failing, "));
    CHECK(contains(line(finished("a", {failure()})), "1/~4, 1 failed, 1 failing, "));
    CHECK(!contains(line(finished("b")), "failing"));
}

TEST_CASE("nothing is rewritten in a pipe") {
    Terminal terminal({});
    Tally tally;
    terminal.begin(start);
    CHECK(terminal.tick(start + std::chrono::seconds(9), tally).empty());
}

TEST_CASE("a slot tells what addopts and the ini want, and the display follows") {
    WorkerUp up{.worker = "gw0"};
    up.facts.settings = {{"verbose", "1"}, {"console_output_style", "count"}};
    const std::vector<Event> events = {up, UnitsKnown{1, true}, known(10), finished("a")};
    CHECK(contains(show(events), "[gw0] [ 1/10] PASSED a\n"));
    up.facts.settings = {{"verbose", "1"}, {"console_output_style", "classic"}};
    CHECK(contains(show({up, known(10), finished("a")}), "[gw0] PASSED a\n"));
    up.facts.settings = {{"color", "yes"}};
    CHECK(contains(show({up, finished("a")}), "\x1b[32m.\x1b[0m"));
    up.facts.settings = {{"color", "no"}};
    TerminalSettings settings;
    settings.colour = true;
    CHECK(!contains(show({up, finished("a")}, settings), "\x1b"));
    up.facts.settings = {{"verbose", "-1"}, {"no_summary", "yes"}};
    const std::string quiet = show({up, finished("a", {failure()})});
    CHECK(!contains(quiet, "session starts"));
    CHECK(!contains(quiet, "FAILURES"));
}

TEST_CASE("a run that is not distributed is shown as plain pytest's, and no slot is named") {
    TerminalSettings settings;
    settings.distributed = false;
    const std::vector<Event> events = {UnitsKnown{1, true}, known(2), finished("a.py::x"),
                                       finished("b.py::y"), RunFinished{}};
    CHECK(contains(show(events, settings), "a.py ." + std::string(66, ' ') + " [ 50%]\nb.py ."));
    settings.display.verbosity = 1;
    CHECK(contains(show(events, settings), "a.py::x PASSED" + std::string(58, ' ') + " [ 50%]\n"));
    CHECK(contains(show({OutputSeen{"gw0", Stream::out, "text\n"}}, settings), "\ntext\n"));
}

TEST_CASE("output is shown line by line, each with its slot") {
    CHECK(contains(show({OutputSeen{"gw0", Stream::out, "a\nb\n"},
                         OutputSeen{"gw1", Stream::err, "unfinished"}}),
                   "[gw0] a\n[gw0] b\n[gw1] unfinished\n"));
}

TEST_CASE("a test that passed in the end has its reruns and its pass") {
    const Phase rerun{.when = "call", .category = "rerun", .letter = "R", .word = "RERUN"};
    const Phase pass{.when = "call", .category = "passed", .letter = ".", .word = "PASSED"};
    TerminalSettings settings;
    settings.display.report_chars = "Rp";
    TestFinished event = finished("a", {rerun, pass});
    event.result.outcome = Outcome::passed;
    const std::string text = show({event}, settings);
    CHECK(contains(text, "rerun test summary info"));
    CHECK(contains(text, "RERUN a\n"));
    CHECK(contains(text, "PASSED a\n"));
    CHECK(contains(text, " 1 passed, 1 rerun in "));
}

TEST_CASE("a test that runs for long is named between the results, but not with -q") {
    TerminalSettings settings;
    settings.display.verbosity = 0;
    std::string expected = "\nstill running after 60 s: test_x on gw1\n";
    SUBCASE("") {}
    SUBCASE("-q") {
        settings.display.verbosity = -1;
        expected = "";
    }
    Terminal terminal(settings);
    Tally tally;
    terminal.begin(start);
    terminal.add(start, finished("a"), tally);
    terminal.add(start, TestStarted{"test_a.py", {"test_x"}, "gw1"}, tally);
    CHECK(terminal.tick(start + std::chrono::seconds(60), tally) == expected);
}
