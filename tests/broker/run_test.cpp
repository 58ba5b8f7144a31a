#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

struct Finishing : OneRun {
    Finishing() {
        list({"a"});
        say(0, TestsFound{});
        say(0, Ended{});
        REQUIRE(held(0).body.kind == JobKind::finish);
    }
};

// Two slots, each on a worker, run a test; each holds a job ahead, and others wait.
struct Busy : OneRun {
    explicit Busy(RunSpec spec = {.slots = 2, .failures_max = 2, .crashes_max = 9})
        : OneRun(std::move(spec)) {
        list({"a", "b", "c", "d", "e", "f"}, 2);
        for (SlotKey slot : {0U, 1U}) {
            load(slot, 3);
            say(slot, Started{0});
        }
        REQUIRE(run.waiting().size() == 2);
    }

    // The slot gives back all that it is asked for, and finishes.
    void leave(SlotKey slot) {
        say(slot, Ended{.end = End::returned}, 1);
        say(slot, GaveBack{1, {1, 2}});
        say(slot, Ended{});
        CHECK(held(slot).body.kind == JobKind::finish);
        say(slot, Ended{});
    }
};

struct UntilTheFirstFailure : Busy {
    UntilTheFirstFailure() : Busy({.slots = 2, .failures_max = 1, .crashes_max = 9}) {}
};

}  // namespace

TEST_CASE_FIXTURE(OneRun, "a run begins with the listing of its units") {
    REQUIRE(run.waiting().size() == 1);
    CHECK(run.find(run.waiting()[0])->body.kind == JobKind::enumerate);
    CHECK(run.find(99) == nullptr);
}

TEST_CASE("jobs of two runs have different numbers") {
    std::uint64_t next_job = 1;
    const Settings settings;
    const Run a("a", {}, {}, next_job, settings);
    const Run b("b", {}, {}, next_job, settings);
    CHECK(a.waiting()[0] != b.waiting()[0]);
}

TEST_CASE("a run has one slot at least") {
    OneRun one({.slots = 0});
    CHECK(one.run.slots_wanted() == 1);
}

TEST_CASE_FIXTURE(OneRun, "a run without units is completed once its slot has finished") {
    list({});
    CHECK(held(0).body.kind == JobKind::finish);
    CHECK(!run.over());
    say(0, Ended{});
    CHECK(end() == RunFinished{});
    CHECK(events<WorkerDown>() == std::vector{WorkerDown{"gw0", ""}});
    CHECK(run.over());
    CHECK(run.jobs().empty());
}

TEST_CASE_FIXTURE(OneRun, "what a slot's session leaves goes to the client") {
    list({});
    REQUIRE(held(0).body.kind == JobKind::finish);
    say(0, Ended{.output = "{}"});
    CHECK(events<WorkerDown>() == std::vector{WorkerDown{.worker = "gw0", .output = "{}"}});
}

TEST_CASE_FIXTURE(OneRun, "units that are done do not end a run that is still being listed") {
    add_slot();
    say(0, UnitsNamed{{"a"}});
    add_slot();
    REQUIRE(held(0, 1).body.unit == "a");
    say(0, Ended{}, 1);
    CHECK(!run.over());
    CHECK(held(0).body.kind == JobKind::enumerate);
    CHECK(jobs_of(0) == 1);
}

TEST_CASE_FIXTURE(OneRun, "once all is done each slot finishes, and the last one ends the run") {
    list({"a", "b"}, 2);
    say(0, Ended{});
    CHECK(jobs_of(0) == 0);
    say(1, Ended{});
    CHECK(held(0).body.kind == JobKind::finish);
    CHECK(held(1).body.kind == JobKind::finish);
    say(1, Ended{});
    CHECK(!run.over());
    say(0, Ended{});
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Finishing, "trouble at the end of a session is the run's, if it has none worse") {
    say(0, Ended{.text = "sessionfinish raised"});
    CHECK(end() == RunFinished{RunEnd::exit_asked, 3, "sessionfinish raised"});
}

TEST_CASE_FIXTURE(Finishing, "a slot that crashes while it finishes is trouble of its session") {
    say(0, Ended{.end = End::crashed, .text = "killed"});
    CHECK(end() ==
          RunFinished{RunEnd::exit_asked, 3, "worker 'gw0' crashed while it finished: killed"});
}

TEST_CASE_FIXTURE(Finishing, "a slot that is gone or lost when it should finish is no trouble") {
    SUBCASE("gone") { say(0, Ended{.end = End::gone}); }
    SUBCASE("lost") { lose_worker(); }
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Finishing, "a slot that cannot be had any more has finished") {
    say(0, Ended{.end = End::refused, .text = "no", .code = 4});
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Finishing, "a completed run lets its slots take their time to finish") {
    wait(std::chrono::hours(1));
    CHECK(!run.over());
    CHECK(run.next_deadline() == never);
}

TEST_CASE_FIXTURE(Busy, "an exit that is asked for stops the run with its code and reason") {
    say(0, ExitAsked{"enough", 7});
    CHECK(!run.over());
    CHECK(run.waiting().empty());
    CHECK(run.slots_wanted() == 0);
    say(1, Finished{0});
    leave(1);
    CHECK(!run.over());
    say(0, Ended{.end = End::returned}, 1);
    say(0, Ended{.end = End::stopped});
    CHECK(held(0).body.kind == JobKind::finish);
    say(0, Ended{.text = "trouble that changes nothing"});
    CHECK(end() == RunFinished{RunEnd::exit_asked, 7, "enough"});
    CHECK(events<TestFinished>().size() == 1);
}

TEST_CASE_FIXTURE(OneRun, "a run that stops takes no more units") {
    add_slot();
    say(0, ExitAsked{"enough", 7});
    say(0, UnitsNamed{{"a"}});
    say(0, Ended{});
    CHECK(run.waiting().empty());
    CHECK(held(0).body.kind == JobKind::finish);
}

TEST_CASE_FIXTURE(Busy, "as many failures as are allowed stop the run and call its tests back") {
    say(0, failed(0));
    CHECK(!run.waiting().empty());
    CHECK(held(1).attempt->asked == 0);
    run.take_changed();
    say(1, Finished{0, {.outcome = Outcome::error}});
    CHECK(run.waiting().empty());
    CHECK(run.take_changed() == std::set<WorkerKey>{1, 2});
    for (SlotKey slot : {0U, 1U}) {
        CHECK(held(slot).attempt->asked == 1);
        CHECK(held(slot).attempt->keep == 0);
        CHECK(held(slot, 1).attempt->asked == 1);
        leave(slot);
        CHECK(run.waiting().empty());
    }
    CHECK(end() == RunFinished{RunEnd::stopped, 1, "stopping after 2 failures"});
}

TEST_CASE_FIXTURE(UntilTheFirstFailure, "outcomes that are no failures stop nothing") {
    say(0, Finished{0, {.outcome = Outcome::skipped}});
    say(0, Finished{1, {.outcome = Outcome::xfailed}});
    say(0, Finished{2, {.outcome = Outcome::xpassed}});
    CHECK(!run.waiting().empty());
}

TEST_CASE_FIXTURE(UntilTheFirstFailure, "a teardown that fails late is a failure like another") {
    say(0, LateTeardown{{"0"}, {.when = "teardown"}});
    CHECK(run.waiting().empty());
    CHECK(held(1).attempt->asked == 1);
}

TEST_CASE_FIXTURE(UntilTheFirstFailure, "what is lost while the run stops does not run again") {
    say(0, failed(0));
    SUBCASE("a slot") {
        say(1, Ended{.end = End::crashed});
        CHECK(events<TestFinished>().size() == 2);
    }
    SUBCASE("a worker") {
        lose_worker(2);
        CHECK(events<TestFinished>().size() == 1);
    }
    CHECK(run.waiting().empty());
    leave(0);
    CHECK(end().end == RunEnd::stopped);
}

TEST_CASE_FIXTURE(UntilTheFirstFailure, "slots of a stopped run that do not finish are ended") {
    say(0, failed(0));
    CHECK(run.next_deadline() == now + settings.finish_grace);
    wait(settings.finish_grace - Duration(1));
    CHECK(!run.over());
    wait(Duration(1));
    CHECK(end().end == RunEnd::stopped);
    CHECK(events<WorkerDown>()[0] == WorkerDown{"gw0", "did not finish in time and was ended"});
    CHECK(run.next_deadline() == never);
}

TEST_CASE_FIXTURE(UntilTheFirstFailure, "the first reason to stop stands, but for a cancellation") {
    say(0, failed(0));
    say(1, ExitAsked{"late", 5});
    run.fail(now, "late");
    SUBCASE("stands") {
        leave(0);
        leave(1);
        CHECK(end().end == RunEnd::stopped);
    }
    SUBCASE("is cancelled") {
        run.cancel(now);
        CHECK(end().end == RunEnd::cancelled);
    }
}

TEST_CASE_FIXTURE(UntilTheFirstFailure,
                  "a slot that is refused while the run stops is not waited for") {
    say(0, failed(0));
    say(1, Ended{.end = End::refused, .text = "no", .code = 4});
    CHECK(!run.slots().contains(1));
    CHECK(!run.over());
    leave(0);
    CHECK(end().end == RunEnd::stopped);
}

TEST_CASE_FIXTURE(Busy, "a cancelled run is over at once") {
    run.take_changed();
    run.cancel(now);
    CHECK(end() == RunFinished{RunEnd::cancelled, 2, "cancelled"});
    CHECK(run.jobs().empty());
    CHECK(run.slots().empty());
    CHECK(run.take_changed() == std::set<WorkerKey>{1, 2});
    run.cancel(now);
    run.fail(now, "late");
    CHECK(events<RunFinished>().size() == 1);
}

TEST_CASE_FIXTURE(OneRun, "a slot that has not begun is not told as gone") {
    add_slot();
    run.cancel(now);
    CHECK(events<WorkerDown>().empty());
}

TEST_CASE_FIXTURE(Busy, "a framework that refuses a slot ends the run with its code") {
    say(0, Ended{.end = End::refused, .text = "unknown option", .code = 4});
    CHECK(end() == RunFinished{RunEnd::refused, 4, "unknown option"});
    CHECK(run.slots().empty());
}

TEST_CASE("more crashes than are allowed stop the run, which says how many") {
    Busy one({.slots = 2, .crashes_max = 1});
    one.say(0, Ended{.end = End::crashed});
    CHECK(!one.run.waiting().empty());
    one.say(1, Ended{.end = End::crashed});
    CHECK(one.end() == RunFinished{RunEnd::stopped, 1, "maximum crashed workers reached: 1"});
}

TEST_CASE("where no crash is allowed the first one is named as the end") {
    Busy one({.slots = 2, .crashes_max = 0});
    one.say(0, Ended{.end = End::crashed});
    one.leave(1);
    CHECK(one.end() ==
          RunFinished{RunEnd::stopped, 1, "worker 'gw0' crashed and worker restarting disabled"});
}

TEST_CASE("where no crash is allowed one that ends the listing is the grid's failure") {
    OneRun one({.slots = 1, .crashes_max = 0});
    one.add_slot(1);
    one.say(0, SlotBegan{});
    one.say(0, Ended{.end = End::crashed});
    CHECK(
        one.end() ==
        RunFinished{RunEnd::grid_failed, 3,
                    "cannot list the tests: worker 'gw0' crashed and worker restarting disabled"});
}

TEST_CASE_FIXTURE(OneRun, "an exit that is asked for while slots finish is how the run ends") {
    list({"a"});
    say(0, Ended{});
    REQUIRE(held(0).body.kind == JobKind::finish);
    say(0, ExitAsked{"KeyboardInterrupt", 2});
    say(0, Ended{});
    CHECK(end().end == RunEnd::exit_asked);
    CHECK(end().code == 2);
}

TEST_CASE("a teardown that fails while slots finish is one failure too many under a limit") {
    OneRun one({.slots = 1, .failures_max = 1});
    one.list({"a"});
    one.say(0, Ended{});
    one.say(0, LateTeardown{});
    one.say(0, Ended{});
    CHECK(one.end().end == RunEnd::stopped);
    CHECK(one.end().code == 1);
}
