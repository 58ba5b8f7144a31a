// The conversation between client, broker and worker: its only definition.
//
//   client -> broker   submit, follow, cancel         broker -> client   progress, unknown_run
//   worker -> broker   status                         broker -> worker   orders
//   broker -> anyone   welcome, refusal
//   and on connections of their own, so that content never delays a heartbeat:
//   client -> broker   offer, content                 broker -> client   want
//   worker -> broker   want                           broker -> worker   content
//
// Level-triggered: the worker says what is, the broker says what should be. Any message may be lost
// or come twice. What must not be lost (what happened in an attempt; a run's events) is an entry of
// a log (shared/log.hpp): the sender numbers entries and repeats those that the other side does not
// say it has recorded.
//
// On the wire: three frames or more, [version] [kind] [body]; shared/codec.hpp has the bytes. A
// struct is an array of its fields in the order of XGRID_FIELDS. Fields are only ever added, at the
// end: a reader takes its defaults for what is missing and leaves what it does not know.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "shared/digest.hpp"

/// The one list of a message's fields: equality, encoding and decoding follow from it. Templates,
/// so that only who asks for the fields pays for the compilation of their tuples.
#define XGRID_FIELDS(Type, ...)       \
    template <int = 0>                \
    auto fields() {                   \
        return std::tie(__VA_ARGS__); \
    }                                 \
    template <int = 0>                \
    auto fields() const {             \
        return std::tie(__VA_ARGS__); \
    }                                 \
    friend bool operator==(const Type&, const Type&) = default

namespace xgrid {

constexpr std::uint8_t protocol_version = 1;

// ---- Names

/// A test within its unit. Where the unit has an id more than once, occurrences count from 0.
struct TestName {
    std::string id;
    std::uint32_t occurrence = 0;

    XGRID_FIELDS(TestName, id, occurrence);
    friend auto operator<=>(const TestName&, const TestName&) = default;
};

/// One hand-out of a job: numbers are the broker's, and mean nothing to another broker.
struct AttemptId {
    std::uint64_t job = 0;
    std::uint32_t number = 0;

    XGRID_FIELDS(AttemptId, job, number);
    friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

// ---- What is to be done

enum class Start : std::uint8_t {
    automatic,  // forked from a warm interpreter, where that is safe
    fork,       // always so
    spawn,      // each in a fresh interpreter
};

/// Which of a run's tests stay together on one slot.
enum class Grouping : std::uint8_t {
    none,
    scope,  // those of one class, or of one file that are in none
    file,
    group,  // those that say so, over files too: groups that the framework reports
};

/// What a unit takes beside the slot that runs it, as long as it runs.
struct UnitNeeds {
    std::uint32_t processors = 1;    // slots of its worker, with its own; 0 counts as 1
    std::vector<std::string> locks;  // names; of each, one of as many as there are
    bool serial = false;             // nothing else of its run runs meanwhile

    XGRID_FIELDS(UnitNeeds, processors, locks, serial);
};

/// What all units need whose names match, beside what their framework says.
struct NeedsRule {
    std::string units;  // a pattern, with * and ?
    UnitNeeds needs;

    XGRID_FIELDS(NeedsRule, units, needs);
};

/// A lock that is not just one for its run.
struct Lock {
    std::uint32_t holders = 1;  // units at a time; 0 counts as 1
    bool of_grid = false;       // with all other runs for which it is so, too, of anybody

    XGRID_FIELDS(Lock, holders, of_grid);
};

/// Tests whose failures do not count, for a while, and who sees to it that they pass again.
struct Quarantine {
    std::string tests;  // a pattern of their ids, with * and ?
    std::string owner;
    std::string issue;  // where it is followed
    std::string until;  // the last day, as 2026-12-31

    XGRID_FIELDS(Quarantine, tests, owner, issue, until);
};

/// The code that a run tests, where that is not the user's own directory.
struct TreeSpec {
    ObjectId id;
    std::string project;            // whose workspace may hold most of it already
    std::string folder;             // to use instead of a workspace; empty: none
    std::string directory;          // where the run was submitted, below the tree's root
    std::vector<std::string> keep;  // names of what tests leave behind that stays
    // Where the content lies on the client's machine: the root, as "", and each folder from
    // elsewhere by its name in the tree. A worker of the same machine reads it from there.
    std::map<std::string, std::string> places;

    XGRID_FIELDS(TreeSpec, id, project, folder, directory, keep, places);
};

/// One of the places where a run's tests are run, as its user tells them apart.
struct Environment {
    std::string name;                              // as it was asked for
    std::uint32_t slots = 1;                       // at most so many at a time
    std::string slot_name;                         // of its first slot; empty: they are numbered
    std::vector<std::string> interpreter;          // with arguments; empty: the run's
    std::map<std::string, std::string> variables;  // set before the interpreter starts
    std::int32_t nice = 0;
    std::map<std::string, std::string> labels;  // that its workers have
    bool in_place = false;                      // tests run in `directory` whatever tree there is
    std::string folder;                         // for the tree, instead of a workspace; empty: none

    XGRID_FIELDS(Environment, name, slots, slot_name, interpreter, variables, nice, labels,
                 in_place, folder);
};

/// Of a run whose code changes more than these, no path says anything.
constexpr std::size_t changed_paths_max = 50;

/// What every slot of a run is told once.
struct RunSpec {
    std::string framework = "pytest";
    std::string interpreter;                         // a path, or a name for PATH
    std::string directory;                           // where the run was submitted, absolute
    std::vector<std::string> arguments;              // for the framework, in the user's order
    std::vector<std::string> command;                // as it was typed
    std::map<std::string, std::string> environment;  // variables to set
    std::uint32_t slots = 1;                         // at most so many at a time
    std::string testrun_uid;
    bool collect_full = false;
    bool collect_only = false;
    bool show_output = false;        // what slots print is wanted as it comes
    std::uint32_t failures_max = 0;  // 0: no limit
    std::uint32_t crashes_max = 0;   // more crashed slots than this end the run
    bool distributed = true;         // else the one slot has no name that tests could see
    double timeout_seconds = 0;      // what a test may take; 0: no limit
    Start start = Start::automatic;  // of slots
    bool confirm = false;            // a failure is final once a slot that has collected all agrees
    std::vector<std::string> collected_units;  // known to pass only in such a slot
    bool coloured = false;  // the terminal's are wanted, unless the framework is told otherwise
    std::optional<TreeSpec> tree;  // none: tests run in `directory`
    std::vector<std::string> interpreter_arguments;
    std::vector<Environment> environments;  // none: one, wherever there is a slot
    bool each = false;                      // every test in each environment, not in any of them
    std::int32_t nice = 0;
    Grouping grouping = Grouping::none;
    std::string group_pattern;    // a regular expression: ids where it finds the same are a group
    std::uint32_t chunk_max = 0;  // tests that go to another slot in one go; 0: no limit
    double ramp_seconds = 0;      // over which the starts of its slots are spread
    bool boxed = false;           // each test in a process of its own
    bool whole_reports = false;   // every phase comes with the framework's own report
    std::vector<std::string> inputs;  // for slots, by number, in the framework's own form
    std::vector<NeedsRule> needs;
    std::map<std::string, Lock> locks;  // by name
    // How often a test that has failed may run again, on another worker where there is one, before
    // that is its verdict.
    std::uint32_t retries = 0;
    bool duplicate_tail = false;  // idle slots may run a copy of what is the last to end
    bool retry_anywhere = false;  // else on another worker, or slot, where there is one
    bool fail_on_flaky = false;   // a test that only passed when it ran again fails the run
    std::vector<Quarantine> quarantines;
    // Paths from the repository's root that its code changes, sorted; for the history of tests.
    // Empty: not known, or more than changed_paths_max.
    std::vector<std::string> changed;

    XGRID_FIELDS(RunSpec, framework, interpreter, directory, arguments, command, environment, slots,
                 testrun_uid, collect_full, collect_only, show_output, failures_max, crashes_max,
                 distributed, timeout_seconds, start, confirm, collected_units, coloured, tree,
                 interpreter_arguments, environments, each, nice, grouping, group_pattern,
                 chunk_max, ramp_seconds, boxed, whole_reports, inputs, needs, locks, retries,
                 duplicate_tail, retry_anywhere, fail_on_flaky, quarantines, changed);
};

enum class JobKind : std::uint8_t {
    enumerate,  // name the run's units
    unit,       // load a unit, report its tests, run those selected
    finish,     // tear down and end the slot
};

enum class Select : std::uint8_t { all, only, except };

/// Which of a unit's tests.
struct Selection {
    Select mode = Select::all;
    std::vector<TestName> tests;

    XGRID_FIELDS(Selection, mode, tests);
};

struct JobBody {
    JobKind kind = JobKind::unit;
    std::string unit;
    Selection selection;

    XGRID_FIELDS(JobBody, kind, unit, selection);
};

// ---- What happened

enum class Outcome : std::uint8_t { passed, failed, error, skipped, xfailed, xpassed };

/// What a phase of a test has to say; phases that passed in silence are not listed, unless the run
/// wants whole reports.
struct Phase {
    std::string when;      // setup, call, teardown, collect
    std::string category;  // under which it counts: an outcome, or a plugin's own word
    std::string letter;    // as progress shows it
    std::string word;      // as -v shows it
    std::string text;      // traceback and the like, as the framework renders it
    std::string message;   // one line of why
    std::string reason;    // of a skip or an expected failure
    std::string path;      // where it went wrong
    std::uint32_t line = 0;
    std::string report;  // the framework's own, if the run wants them

    XGRID_FIELDS(Phase, when, category, letter, word, text, message, reason, path, line, report);
};

/// Names and values that a test has recorded, for reports.
using Properties = std::vector<std::pair<std::string, std::string>>;

/// Everything of a test that is not told by its outcome alone.
struct Details {
    std::vector<Phase> phases;
    std::vector<std::pair<std::string, std::string>> sections;  // title, captured text
    Properties properties;
    std::string path;  // where the test is defined
    std::uint32_t line = 0;
    std::string domain;  // its name there

    XGRID_FIELDS(Details, phases, sections, properties, path, line, domain);
};

struct TestResult {
    Outcome outcome = Outcome::passed;
    std::array<double, 3> seconds{};  // setup, call, teardown
    bool crashed = false;
    std::optional<Details> details;

    XGRID_FIELDS(TestResult, outcome, seconds, crashed, details);
};

struct Warning {
    std::string category;
    std::string message;
    std::string path;
    std::uint32_t line = 0;
    std::string when;
    std::string test;
    std::string text;  // as the framework shows it

    XGRID_FIELDS(Warning, category, message, path, line, when, test, text);
};

/// What a slot is, as it says when its session has begun.
struct SlotFacts {
    std::string framework;  // with its version: "pytest-7.2.1"
    std::string platform;
    std::string version;  // of the interpreter
    std::string executable;
    std::string root;    // the directory that ids are relative to
    std::string config;  // the framework's configuration file, if any
    std::vector<std::string> plugins;
    std::vector<std::string> header;
    std::map<std::string, std::string> settings;  // of display and reports, in its own names
    // What tells one environment from another: implementation, version, plugins, OS, machine.
    std::map<std::string, std::string> fingerprint;

    XGRID_FIELDS(SlotFacts, framework, platform, version, executable, root, config, plugins, header,
                 settings, fingerprint);
};

// ---- Facts: the log of an attempt, from its worker

struct SlotBegan {
    SlotFacts facts;
    XGRID_FIELDS(SlotBegan, facts);
};
struct UnitsNamed {
    std::vector<std::string> units;
    std::vector<UnitNeeds> needs;  // of each unit. Empty: no more than a slot each
    XGRID_FIELDS(UnitsNamed, units, needs);
};
/// What --collect-only shows of a test or of what it is in: below the last node of a smaller depth.
struct ListedNode {
    std::uint32_t depth = 0;
    std::string id;
    std::string text;  // more lines than one, where the node has a description
    XGRID_FIELDS(ListedNode, depth, id, text);
};
/// Tests of the loaded unit that were selected, in order; later facts name them by their place in
/// all of the attempt's lists joined. All lists come before the first fact about a test.
struct TestsFound {
    std::vector<TestName> tests;
    std::uint32_t deselected = 0;
    std::vector<ListedNode> listed;   // if the run only lists
    std::vector<std::string> groups;  // of each test; "": of none. Empty: of none of them
    XGRID_FIELDS(TestsFound, tests, deselected, listed, groups);
};
struct Started {
    std::uint32_t test = 0;
    XGRID_FIELDS(Started, test);
};
/// Implies Started.
struct Finished {
    std::uint32_t test = 0;
    TestResult result;
    XGRID_FIELDS(Finished, test, result);
};
/// The answer to a request of that number, or number 0: given back unasked. Empty: nothing left to
/// give.
struct GaveBack {
    std::uint32_t number = 0;
    std::vector<std::uint32_t> tests;
    XGRID_FIELDS(GaveBack, number, tests);
};
/// The teardown of a test that had already finished went wrong later on.
struct LateTeardown {
    TestName test;
    Phase phase;
    XGRID_FIELDS(LateTeardown, test, phase);
};
struct Warned {
    Warning warning;
    XGRID_FIELDS(Warned, warning);
};
/// Something the user should read.
struct Noted {
    std::string text;
    bool of_run = false;  // no matter which slot says it
    XGRID_FIELDS(Noted, text, of_run);
};
enum class Stream : std::uint8_t { out, err };
/// What a slot printed outside any capture.
struct Printed {
    Stream stream = Stream::out;
    std::string text;
    XGRID_FIELDS(Printed, stream, text);
};
/// A test or plugin wants the whole run to end.
struct ExitAsked {
    std::string reason;
    std::int32_t code = 2;
    XGRID_FIELDS(ExitAsked, reason, code);
};
enum class End : std::uint8_t {
    done,      // nothing of it is left
    returned,  // never begun: all of it may run elsewhere
    stopped,   // the framework wants to run no more of it (after -x, say)
    crashed,   // the slot died; text says how
    refused,   // the slot cannot be had at all; text and code say why
    gone,      // the slot had died before it could begin; text says how
    lost,      // the slot was taken away, and no test is to blame; text says how
};
/// The last fact of an attempt.
struct Ended {
    End end = End::done;
    std::string text;               // done: what went wrong besides the tests
    std::int32_t code = 0;          // refused: the exit code that the framework would give
    std::vector<TestName> missing;  // selected by name, and not there
    std::string output;             // of the slot's session, in the framework's own form
    XGRID_FIELDS(Ended, end, text, code, missing, output);
};

/// The run's tree is there, and so this slot can begin.
struct TreeReady {
    std::string folder;              // that holds it
    std::uint64_t files = 0;         // in the tree
    std::uint64_t objects_sent = 0;  // to the worker for this
    std::uint64_t bytes_sent = 0;
    double seconds = 0;

    XGRID_FIELDS(TreeReady, folder, files, objects_sent, bytes_sent, seconds);
};

/// What a framework tells of a finished test only when its process ends.
struct LateProperties {
    std::uint32_t test = 0;
    Properties properties;
    XGRID_FIELDS(LateProperties, test, properties);
};

using Fact =
    std::variant<SlotBegan, UnitsNamed, TestsFound, Started, Finished, GaveBack, LateTeardown,
                 Warned, Noted, Printed, ExitAsked, Ended, TreeReady, LateProperties>;

// ---- Worker and broker

struct AttemptStatus {
    AttemptId id;
    std::uint64_t first = 0;  // the number of the first of these facts in the attempt's log
    std::vector<Fact> facts;

    XGRID_FIELDS(AttemptStatus, id, first, facts);
};

/// What is. Sent at each change, batched, and with each heartbeat.
struct Status {
    std::string session;  // random, one for each life of a worker
    std::uint64_t number =
        0;               // of this status in the session; older ones than the last are ignored
    std::string broker;  // the broker that the attempts are of; empty: none yet
    std::uint32_t slots = 0;
    std::string host;
    std::map<std::string, std::string> labels;
    std::vector<std::string> runs;  // whose specification it has
    std::vector<AttemptStatus> attempts;
    std::map<std::string, std::uint64_t> heard;  // last numbers of topics
    std::string name;                            // as users know it; empty: its host
    std::string version;                         // of its program
    std::string trouble;                         // why it takes nothing new; empty: it does
    bool drains = false;                         // it finishes what it has, and leaves

    XGRID_FIELDS(Status, session, number, broker, slots, host, labels, runs, attempts, heard, name,
                 version, trouble, drains);
};

struct RunOrders {
    std::string run;
    std::optional<RunSpec> spec;     // until the worker says that it has it
    std::vector<std::string> slots;  // that live; others of the run are to be ended at once

    XGRID_FIELDS(RunOrders, run, spec, slots);
};

/// As `keep`: all of it if it has begun, else nothing.
constexpr std::uint32_t keep_if_begun = 0xFFFFFFFF;

struct AttemptOrders {
    AttemptId id;
    std::string run;
    std::string slot;
    std::optional<JobBody> body;    // until the worker says that it holds the attempt
    std::uint64_t recorded = 0;     // so many facts of it are recorded
    std::uint32_t give_back = 0;    // the number of the last request to give back; 0: none
    std::uint32_t keep = 0;         // how many unstarted tests it may keep then
    bool collected = false;         // its slot collects everything before its first job
    std::uint32_t environment = 0;  // of its slot, by its place in the run's list

    XGRID_FIELDS(AttemptOrders, id, run, slot, body, recorded, give_back, keep, collected,
                 environment);
};

/// What should be: all of it, each time. What is not listed is to be stopped and forgotten.
struct Orders {
    std::string broker;        // random, one for each life of a broker
    std::string session;       // whom it is for
    std::uint64_t number = 0;  // older ones than the last are ignored
    std::vector<RunOrders> runs;
    std::vector<AttemptOrders> attempts;

    XGRID_FIELDS(Orders, broker, session, number, runs, attempts);
};

// ---- Events: the log of a run, for its client
//
// `environment` is its place in the run's list. A run of each environment has verdicts for every
// one; of others it only says where something was.

/// A slot has begun its session.
struct WorkerUp {
    std::string worker;  // as users know the slot: gw0
    std::string host;
    SlotFacts facts;
    std::uint32_t environment = 0;
    XGRID_FIELDS(WorkerUp, worker, host, facts, environment);
};
struct WorkerDown {
    std::string worker;
    std::string reason;  // empty: it had no more to do
    std::uint32_t environment = 0;
    std::string output;  // of its session, in the framework's own form
    XGRID_FIELDS(WorkerDown, worker, reason, environment, output);
};
struct UnitsKnown {
    std::uint32_t units = 0;  // so many more
    bool all = false;         // and there are no others
    std::vector<std::string> names;
    std::uint32_t environment = 0;
    XGRID_FIELDS(UnitsKnown, units, all, names, environment);
};
struct UnitLoaded {
    std::string unit;
    std::vector<TestName> tests;
    std::uint32_t deselected = 0;
    std::vector<ListedNode> listed;  // if the run only lists
    std::uint32_t environment = 0;
    XGRID_FIELDS(UnitLoaded, unit, tests, deselected, listed, environment);
};
struct TestStarted {
    std::string unit;
    TestName test;
    std::string worker;
    std::uint32_t environment = 0;
    XGRID_FIELDS(TestStarted, unit, test, worker, environment);
};
struct TestFinished {
    std::string unit;
    TestName test;
    std::string worker;  // empty: no slot ran it
    std::uint32_t attempt = 1;
    TestResult result;
    bool was_failing = false;  // a TestFailing was said of it
    std::uint32_t environment = 0;
    XGRID_FIELDS(TestFinished, unit, test, worker, attempt, result, was_failing, environment);
};
struct TeardownFailed {
    std::string unit;
    TestName test;
    std::string worker;
    Phase phase;
    std::uint32_t environment = 0;
    XGRID_FIELDS(TeardownFailed, unit, test, worker, phase, environment);
};
struct WarningSeen {
    std::string worker;
    Warning warning;
    std::uint32_t environment = 0;
    XGRID_FIELDS(WarningSeen, worker, warning, environment);
};
struct NoteSeen {
    std::string worker;
    std::string text;
    std::uint32_t environment = 0;
    XGRID_FIELDS(NoteSeen, worker, text, environment);
};
struct OutputSeen {
    std::string worker;
    Stream stream = Stream::out;
    std::string text;
    std::uint32_t environment = 0;
    XGRID_FIELDS(OutputSeen, worker, stream, text, environment);
};
enum class RunEnd : std::uint8_t {
    completed,    // everything was run
    stopped,      // after a limit that the user set; reason says which
    exit_asked,   // by a test or plugin, with that code
    refused,      // the framework would not begin, with that code
    cancelled,    // by its client
    grid_failed,  // could not be run; reason says why
};
/// The last event of a run.
struct RunFinished {
    RunEnd end = RunEnd::completed;
    std::int32_t code = 0;
    std::string reason;
    XGRID_FIELDS(RunFinished, end, code, reason);
};

/// The test has failed and runs again before that is final: where everything has been collected, or
/// because the run retries.
struct TestFailing {
    std::string unit;
    TestName test;
    std::string worker;
    TestResult result;
    std::uint32_t environment = 0;
    std::uint32_t attempt = 1;  // this one's number, from 1
    bool retried = false;       // it runs again because the run retries
    XGRID_FIELDS(TestFailing, unit, test, worker, result, environment, attempt, retried);
};

/// A worker has the run's tree.
struct TreeSynced {
    std::string host;
    TreeReady facts;
    std::uint32_t environment = 0;
    XGRID_FIELDS(TreeSynced, host, facts, environment);
};

/// Nothing more is run in that environment.
struct EnvironmentEnded {
    std::uint32_t environment = 0;
    RunEnd end = RunEnd::completed;
    std::int32_t code = 0;
    std::string reason;
    XGRID_FIELDS(EnvironmentEnded, environment, end, code, reason);
};

/// More properties of a test that has a verdict.
struct PropertiesAdded {
    std::string unit;
    TestName test;
    std::string worker;
    Properties properties;
    std::uint32_t environment = 0;
    XGRID_FIELDS(PropertiesAdded, unit, test, worker, properties, environment);
};

using Event = std::variant<WorkerUp, WorkerDown, UnitsKnown, UnitLoaded, TestStarted, TestFinished,
                           TeardownFailed, WarningSeen, NoteSeen, OutputSeen, RunFinished,
                           TestFailing, TreeSynced, EnvironmentEnded, PropertiesAdded>;

// ---- Client and broker

struct DoneTest {
    std::string unit;
    TestName test;

    std::uint32_t environment = 0;
    XGRID_FIELDS(DoneTest, unit, test, environment);
    friend auto operator<=>(const DoneTest&, const DoneTest&) = default;
};

/// Who submits, what for, and how much it hurries.
struct Order {
    std::string user;     // who says so; a broker that asks for keys knows better
    std::string host;     // where it was submitted
    std::string title;    // as the user typed it
    std::string project;  // whose history it is part of
    std::int32_t priority = 0;
    bool interactive = true;  // somebody waits for it
    bool stays = false;       // it goes on without its client, and is kept when it is over

    XGRID_FIELDS(Order, user, host, title, project, priority, interactive, stays);
};

/// Idempotent by run. From a broker that has forgotten the run, `done` has verdicts already, and
/// nothing more is run in the environments that `ended`, in that order.
///
/// `epoch` grows each time the client learns that the broker knows the run, or does not know it any
/// more: what was said in an older one is an echo.
struct Submit {
    std::string run;
    RunSpec spec;
    std::vector<DoneTest> done;
    std::uint64_t epoch = 0;
    std::vector<EnvironmentEnded> ended;
    Order order;
    XGRID_FIELDS(Submit, run, spec, done, epoch, ended, order);
};
/// Sent again and again while the client lives; says which events it has.
struct Follow {
    std::string run;
    std::uint64_t have = 0;
    std::uint64_t epoch = 0;
    // Environments that cannot be had, or not any more, and why.
    std::map<std::uint32_t, std::string> lacking;
    XGRID_FIELDS(Follow, run, have, epoch, lacking);
};
struct Cancel {
    std::string run;
    XGRID_FIELDS(Cancel, run);
};
struct Progress {
    std::string run;
    std::uint64_t first = 0;  // the number of the first of these events
    std::vector<Event> events;
    XGRID_FIELDS(Progress, run, first, events);
};
/// The broker does not know that run: submit it with what is still open.
struct UnknownRun {
    std::string run;
    std::uint64_t epoch = 0;  // of the follow that this answers
    XGRID_FIELDS(UnknownRun, run, epoch);
};
/// The first thing a broker says on a new connection: what was sent before may be lost, so say it
/// again.
struct Welcome {
    std::string broker;
    std::string topics;   // where what it publishes is heard (shared/topics.hpp); empty: nowhere
    std::string version;  // of its program
    std::string user;     // whom it takes the peer for; empty: it does not ask
    XGRID_FIELDS(Welcome, broker, topics, version, user);
};
/// The broker will not talk to this peer, which should tell its user.
struct Refusal {
    std::string reason;
    XGRID_FIELDS(Refusal, reason);
};

// ---- Questions to a broker

/// Wants to follow a run that another client has submitted.
struct Attach {
    std::string run;  // or how its id begins, if no other one does
    XGRID_FIELDS(Attach, run);
};
/// How: with this epoch, from its first event on. Unknown runs are answered with UnknownRun.
struct Attached {
    std::string asked;  // as it was asked for
    std::string run;
    std::uint64_t epoch = 0;
    RunSpec spec;
    Order order;
    XGRID_FIELDS(Attached, asked, run, epoch, spec, order);
};

enum class Question : std::uint8_t {
    runs,     // those that are open, and those kept that are over
    workers,  // those that are there
    why,      // what a run waits for
    wanted,   // how many slots of which labels could be used that are not there
    history,  // of tests of a project whose ids contain what is asked about
    flakes,   // its tests that are flaky, or suspected to be
};
/// Answered with the same number.
struct Ask {
    std::uint64_t number = 0;
    Question question = Question::runs;
    std::string about;    // a run, or how its id begins; of history: a test's id, or a part of it
    std::string project;  // whose history; empty: any
    XGRID_FIELDS(Ask, number, question, about, project);
};

enum class RunState : std::uint8_t { waits, runs, over };
/// Durations in seconds.
struct RunSummary {
    std::string run;
    Order order;
    RunState state = RunState::waits;
    std::uint32_t slots = 0;         // that it has
    std::uint32_t slots_wanted = 0;  // more
    std::uint64_t open = 0;          // tests that are known and have no verdict
    std::map<Outcome, std::uint64_t> verdicts;
    double age = 0;   // since it was submitted
    double took = 0;  // from then to its end
    bool followed = false;
    std::optional<RunFinished> end;
    XGRID_FIELDS(RunSummary, run, order, state, slots, slots_wanted, open, verdicts, age, took,
                 followed, end);
};
struct WorkerSummary {
    std::string name;
    std::string host;
    std::map<std::string, std::string> labels;
    std::uint32_t slots = 0;
    std::uint32_t used = 0;
    double silent = 0;  // seconds since it was heard
    std::string user;
    std::string version;
    std::string trouble;
    bool drains = false;
    std::vector<std::string> runs;  // that have slots there
    XGRID_FIELDS(WorkerSummary, name, host, labels, slots, used, silent, user, version, trouble,
                 drains, runs);
};
struct WantedSlots {
    std::map<std::string, std::string> labels;
    std::uint32_t slots = 0;
    XGRID_FIELDS(WantedSlots, labels, slots);
};
/// One verdict of a test, as the history keeps it.
struct PastVerdict {
    std::string run;
    Outcome outcome = Outcome::passed;
    double seconds = 0;    // of its phases in sum
    std::uint64_t at = 0;  // seconds since 1970, UTC
    std::string tree;      // what the code's content was; empty: not known
    std::uint32_t attempt = 1;
    XGRID_FIELDS(PastVerdict, run, outcome, seconds, at, tree, attempt);
};
/// Both outcomes of one test with the same tree in the same environment: it is flaky.
struct FlakeProof {
    std::string tree;
    std::string passed_run;
    std::string failed_run;
    std::uint64_t at = 0;  // when the second of them came
    XGRID_FIELDS(FlakeProof, tree, passed_run, failed_run, at);
};
/// In how many runs that changed a path a test has failed.
struct CoFailure {
    std::string path;
    std::uint64_t failures = 0;
    std::uint64_t runs = 0;
    XGRID_FIELDS(CoFailure, path, failures, runs);
};
/// What the history knows of a test in an environment.
struct TestHistory {
    std::string project;
    std::string unit;
    TestName test;
    std::string environment;     // as users know it
    double seconds = 0;          // what it takes, newer verdicts counting more
    std::uint64_t verdicts = 0;  // so many in sum
    std::uint64_t failures = 0;  // of them
    std::uint64_t first_seen = 0;
    std::uint64_t last_seen = 0;
    std::vector<PastVerdict> last;   // the last ones, the newest first
    std::vector<FlakeProof> proofs;  // the newest first
    bool suspected = false;          // both outcomes, and not proved
    std::vector<CoFailure> changes;  // after which it tends to fail, in any environment
    XGRID_FIELDS(TestHistory, project, unit, test, environment, seconds, verdicts, failures,
                 first_seen, last_seen, last, proofs, suspected, changes);
};
struct Answer {
    std::uint64_t number = 0;
    std::vector<RunSummary> runs;
    std::vector<WorkerSummary> workers;
    std::vector<std::string> lines;  // for the user, as they are
    std::vector<WantedSlots> wanted;
    std::string trouble;  // why there is no answer
    std::vector<TestHistory> tests;
    XGRID_FIELDS(Answer, number, runs, workers, lines, wanted, trouble, tests);
};

// ---- Content: who lacks objects asks for them, a turn at a time
//
// Limits. A want beyond them is answered with nothing but why; a piece beyond them counts as one
// that is not what its id says (shared/content_limits.hpp). Of a connection the last two turns are
// answered, as nobody has more under way.

constexpr std::size_t wanted_objects_max = 256;                        // of a want
constexpr std::size_t run_name_bytes_max = 256;                        // of who speaks of content
constexpr std::uint64_t piece_bytes_max = std::uint64_t{1024} * 1024;  // of content
constexpr std::uint64_t object_bytes_max = std::uint64_t{1} << 40;     // of a whole object

/// Objects of this run's tree can be had on this connection.
struct Offer {
    std::string run;
    bool pack = false;   // it is far away: pieces are better packed
    bool whole = false;  // it will not be there for long: take all of it
    XGRID_FIELDS(Offer, run, pack, whole);
};
/// All objects of that run's tree are kept; or why they cannot be.
struct Kept {
    std::string run;
    std::string why;
    XGRID_FIELDS(Kept, run, why);
};
struct WantedObject {
    ObjectId id;
    ObjectKind kind = ObjectKind::blob;
    std::uint64_t offset = 0;  // from which byte on

    XGRID_FIELDS(WantedObject, id, kind, offset);
};
/// Answered by Content of the same turn, as far as one turn goes; what then is still wanted is
/// asked for again.
struct Want {
    std::string run;
    std::uint64_t turn = 0;
    std::string store;  // where it will be kept
    std::vector<WantedObject> objects;
    bool pack = false;  // pieces are better packed

    XGRID_FIELDS(Want, run, turn, store, objects, pack);
};
struct Piece {
    ObjectId id;
    ObjectKind kind = ObjectKind::blob;
    std::uint64_t size = 0;  // of the whole object, in bytes
    std::uint64_t offset = 0;
    std::string bytes;

    XGRID_FIELDS(Piece, id, kind, size, offset, bytes);
};
struct Content {
    std::string run;
    std::uint64_t turn = 0;
    std::vector<Piece> pieces;
    std::vector<ObjectId> stored;   // whole, in that very store, which both sides use
    std::vector<ObjectId> lacking;  // cannot be had
    bool last = false;              // of the turn
    std::string why;                // they are lacking, if it is not that they changed
    std::string packed;             // the bytes of all pieces, in place of theirs (packing.hpp)

    XGRID_FIELDS(Content, run, turn, pieces, stored, lacking, last, why, packed);
};

using Message = std::variant<Welcome, Refusal, Submit, Follow, Cancel, Progress, UnknownRun, Status,
                             Orders, Offer, Want, Content, Attach, Attached, Ask, Answer, Kept>;

}  // namespace xgrid
