// One message of each kind, with every field filled: what golden bytes and fuzzers begin with.
#pragma once

#include <vector>

#include "shared/messages.hpp"

namespace xgrid::samples {

inline ObjectId object_id() {
    ObjectId id;
    id.bytes = {0, 127, 128, 255};
    return id;
}

inline TreeSpec tree_spec() {
    return {.id = object_id(),
            .project = "project",
            .folder = "/copy",
            .directory = "sub",
            .keep = {"*.cache"},
            .places = {{"", "/code"}, {"lib", "/elsewhere/lib"}}};
}

inline RunSpec run_spec() {
    return {.framework = "pytest",
            .interpreter = "/usr/bin/python3",
            .directory = "/code",
            .arguments = {"-k", "expr", "tests"},
            .command = {"pytest", "tests"},
            .environment = {{"A", "1"}},
            .slots = 4,
            .testrun_uid = "uid",
            .collect_full = true,
            .collect_only = true,
            .show_output = true,
            .failures_max = 3,
            .crashes_max = 16,
            .distributed = false,
            .timeout_seconds = 2.5,
            .start = Start::spawn,
            .confirm = true,
            .collected_units = {"test_b.py"},
            .coloured = true,
            .tree = tree_spec(),
            .interpreter_arguments = {"-B"},
            .environments = {{.name = "popen//nice=5",
                              .slots = 2,
                              .slot_name = "a",
                              .interpreter = {"python3", "-O"},
                              .variables = {{"A", "2"}},
                              .nice = 5,
                              .labels = {{"os", "bsd"}},
                              .in_place = true,
                              .folder = "/copy"}},
            .each = true,
            .nice = 1,
            .grouping = Grouping::group,
            .group_pattern = "^db",
            .chunk_max = 2,
            .ramp_seconds = 0.25,
            .boxed = true,
            .whole_reports = true,
            .inputs = {"{}"},
            .needs = {{"tests/db/*", {2, {"database"}, true}}},
            .locks = {{"database", {2, true}}},
            .retries = 2,
            .duplicate_tail = true,
            .retry_anywhere = true,
            .fail_on_flaky = true,
            .quarantines = {{"test_a.py::*", "ann", "https://example.org/1", "2026-12-31"}},
            .changed = {"src/a.c"}};
}

inline Phase phase() {
    return {.when = "call",
            .category = "failed",
            .letter = "F",
            .word = "FAILED",
            .text = "E assert \xff\n",
            .message = "assert 0",
            .reason = "why",
            .path = "test_a.py",
            .line = 7,
            .report = "{}"};
}

inline TestResult result() {
    TestResult result{.outcome = Outcome::failed, .seconds = {0.5, 2, 0}, .crashed = true};
    result.details = Details{.phases = {phase()},
                             .sections = {{"Captured stdout call", "out"}},
                             .properties = {{"name", "value"}},
                             .path = "test_a.py",
                             .line = 3,
                             .domain = "test_x"};
    return result;
}

inline Warning warning() {
    return {.category = "UserWarning",
            .message = "m",
            .path = "a.py",
            .line = 2,
            .when = "runtest",
            .test = "test_a.py::test_x",
            .text = "a.py:2: UserWarning: m"};
}

inline SlotFacts slot_facts() {
    return {.framework = "pytest-7.2.1",
            .platform = "linux",
            .version = "3.11.2",
            .executable = "/usr/bin/python3",
            .root = "/code",
            .config = "/code/pytest.ini",
            .plugins = {"xdist-3.1.0"},
            .header = {"line"},
            .settings = {{"verbose", "1"}}};
}

inline std::vector<Fact> facts() {
    const TestName test{"test_a.py::test_x", 1};
    const ListedNode node{1, "test_a.py::test_x", "<Function test_x>"};
    return {SlotBegan{slot_facts()},
            UnitsNamed{{"test_a.py"}, {{2, {"database"}, true}}},
            TestsFound{{test}, 2, {node}, {"db"}},
            Started{300},
            Finished{70000, result()},
            GaveBack{1, {2, 3}},
            LateTeardown{test, phase()},
            Warned{warning()},
            Noted{"note", true},
            Printed{Stream::err, "text"},
            ExitAsked{"reason", -1},
            Ended{End::gone, "text", 4, {test}, "{}"},
            TreeReady{"/copy", 7, 5, 3000, 0.5},
            LateProperties{3, {{"name", "value"}}}};
}

inline std::vector<Event> events() {
    const TestName test{"test_a.py::test_x", 1};
    const ListedNode node{1, "test_a.py::test_x", "<Function test_x>"};
    return {WorkerUp{"gw0", "host", slot_facts(), 1},
            WorkerDown{"gw0", "crashed", 1, "{}"},
            UnitsKnown{3, true, {"test_a.py"}},
            UnitLoaded{"test_a.py", {test}, 1, {node}},
            TestStarted{"test_a.py", test, "gw0"},
            TestFinished{"test_a.py", test, "gw0", 2, result(), true},
            TeardownFailed{"test_a.py", test, "gw0", phase()},
            WarningSeen{"gw0", warning()},
            NoteSeen{"gw0", "note"},
            OutputSeen{"gw0", Stream::err, "text"},
            RunFinished{RunEnd::grid_failed, 3, "reason"},
            TestFailing{"test_a.py", test, "gw0", result(), 0, 2, true},
            TreeSynced{"host", {"/copy", 7, 5, 3000, 0.5}},
            EnvironmentEnded{1, RunEnd::refused, 4, "reason"},
            PropertiesAdded{"test_a.py", test, "gw0", {{"name", "value"}}, 1}};
}

inline Order order() { return {"ann", "laptop", "xgrid submit", "project", 3, false, true}; }

inline std::vector<Message> messages() {
    const TestName test{"test_a.py::test_x", 1};
    return {Welcome{"token", "tcp://127.0.0.1:7556", "0.7", "ann"},
            Refusal{"reason"},
            Submit{"run",
                   run_spec(),
                   {{"test_a.py", test}},
                   2,
                   {{1, RunEnd::refused, 4, "no such option"}},
                   order()},
            Follow{"run", 5'000'000'000, 2, {{1, "no route"}}},
            Cancel{"run"},
            Progress{"run", 9, events()},
            UnknownRun{"run", 3},
            Status{"session",
                   12,
                   "token",
                   2,
                   "host",
                   {{"gpu", "yes"}},
                   {"run"},
                   {{{7, 2}, 3, facts()}},
                   {{"t/1", 4}},
                   "name",
                   "0.7",
                   "disk full",
                   true},
            Orders{"token",
                   "session",
                   13,
                   {{"run", run_spec(), {"gw0"}}, {"other", std::nullopt, {}}},
                   {{{7, 2},
                     "run",
                     "gw0",
                     JobBody{JobKind::unit, "test_a.py", {Select::only, {test}}},
                     3,
                     1,
                     5,
                     true}}},
            Offer{"run", true, true},
            Want{"run", 3, "store", {{object_id(), ObjectKind::tree, 5}}, true},
            Content{"run",
                    3,
                    {{object_id(), ObjectKind::blob, 9, 4, "bytes"}},
                    {object_id()},
                    {object_id()},
                    true,
                    "why",
                    "packed"},
            Attach{"run"},
            Attached{"ru", "run", 2, run_spec(), order()},
            Ask{5, Question::why, "run", "project"},
            Answer{5,
                   {{"run",
                     order(),
                     RunState::over,
                     1,
                     2,
                     3,
                     {{Outcome::failed, 4}},
                     5.5,
                     2.5,
                     true,
                     RunFinished{RunEnd::completed, 0, ""}}},
                   {{"name",
                     "host",
                     {{"gpu", "yes"}},
                     4,
                     3,
                     0.5,
                     "ann",
                     "0.7",
                     "disk full",
                     true,
                     {"run"}}},
                   {"line"},
                   {{{{"gpu", "yes"}}, 3}},
                   "trouble",
                   {{"project",
                     "test_a.py",
                     {"test_a.py::test", 1},
                     "py39",
                     0.25,
                     9,
                     2,
                     1'700'000'000,
                     1'700'000'900,
                     {{"run", Outcome::failed, 0.5, 1'700'000'900, "tree", 2}},
                     {{"tree", "run", "other", 1'700'000'900}},
                     true,
                     {{"src/a.c", 2, 3}}}}},
            Kept{"run", "why"}};
}

}  // namespace xgrid::samples
