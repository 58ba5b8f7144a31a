// What becomes of a job whose slot or worker does not bring it to its end.
#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

const Ended crash{.end = End::crashed, .text = "killed by signal 11"};

std::string why(const TestFinished& told) { return told.result.details->phases.at(0).message; }

}  // namespace

TEST_CASE_FIXTURE(OneRun, "a crash is blamed on the test that ran; its neighbours run once") {
    list({"a"});
    load(0, 4);
    say(0, Finished{0});
    say(0, Started{1});
    say(0, crash);
    REQUIRE(events<TestFinished>().size() == 2);
    const TestFinished told = events<TestFinished>()[1];
    CHECK(told.test == TestName{"1"});
    CHECK(told.result.outcome == Outcome::failed);
    CHECK(told.result.crashed);
    CHECK(why(told) == "worker 'gw0' crashed while running '1': killed by signal 11");
    CHECK(events<WorkerDown>()[0] == WorkerDown{"gw0", "crashed: killed by signal 11"});
    add_slot();
    CHECK(held(1).body.selection == Selection{Select::only, names({"2", "3"})});
    CHECK(held(1).losses == 0);
    CHECK(run.waiting().empty());
}

TEST_CASE_FIXTURE(OneRun, "a crash while a unit is loaded is blamed on the unit") {
    list({"a", "b"});
    say(0, crash);
    REQUIRE(events<TestFinished>().size() == 1);
    const TestFinished told = events<TestFinished>()[0];
    CHECK(told.test == TestName{"a"});
    CHECK(told.result.outcome == Outcome::error);
    CHECK(told.result.details->phases[0].when == "collect");
    CHECK(why(told) == "worker 'gw0' crashed while collecting 'a': killed by signal 11");
    add_slot();
    CHECK(held(1).body.unit == "b");
    CHECK(run.waiting().empty());
}

TEST_CASE("slots that are lost before they begin, again and again, fail the grid") {
    OneRun one({.slots = 4, .crashes_max = 9});
    for (SlotKey slot : {0U, 1U, 2U}) {
        REQUIRE(!one.run.over());
        one.add_slot();
        one.say(slot, Ended{.end = End::lost, .text = "the interpreter was killed"});
    }
    CHECK(one.end() ==
          RunFinished{RunEnd::grid_failed, 3,
                      "cannot list the tests: lost: the interpreter was killed, 3 times"});
}

TEST_CASE_FIXTURE(OneRun, "a crash between tests blames none, until the job was lost too often") {
    list({"a"});
    load(0, 2);
    say(0, Started{0});
    say(0, Finished{0});
    say(0, crash);
    for (SlotKey slot : {1U, 2U}) {
        CHECK(events<TestFinished>().size() == 1);
        add_slot();
        CHECK(held(slot).losses == slot);
        say(slot, SlotBegan{});
        say(slot, TestsFound{names({"1"})});
        say(slot, Noted{});
        say(slot, GaveBack{1, {}});
        say(slot, crash);
    }
    REQUIRE(events<TestFinished>().size() == 2);
    CHECK(events<TestFinished>()[1].test == TestName{"1"});
    CHECK(why(events<TestFinished>()[1]) == "worker 'gw2' crashed: killed by signal 11, 3 times");
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(OneRun, "a slot that crashes while it starts blames no unit at once") {
    places = 9;
    list({"a", "b"});
    for (SlotKey slot : {1U, 2U, 3U}) {
        CHECK(events<TestFinished>().empty());
        add_slot();
        REQUIRE(held(slot).body.unit == "b");
        say(slot, crash);
    }
    REQUIRE(events<TestFinished>().size() == 1);
    CHECK(why(events<TestFinished>()[0]) ==
          "worker 'gw3' crashed while starting: killed by signal 11, 3 times");
}

TEST_CASE_FIXTURE(OneRun, "a slot that was gone before its job takes no blame to it") {
    list({"a"});
    for (SlotKey slot = 0; slot < 5; ++slot) {
        say(slot, Ended{.end = End::gone, .text = "exited"});
        add_slot();
        CHECK(held(slot + 1).body.unit == "a");
        CHECK(held(slot + 1).losses == 0);
    }
    CHECK(events<TestFinished>().empty());
}

TEST_CASE_FIXTURE(OneRun, "a job that is returned waits again, as a new attempt") {
    list({"a"});
    for (std::uint32_t attempt = 1; attempt < 6; ++attempt) {
        CHECK(held(0).attempt->number == attempt);
        say(0, Ended{.end = End::returned});
    }
    CHECK(held(0).losses == 0);
    CHECK(events<TestFinished>().empty());
}

TEST_CASE_FIXTURE(OneRun, "what waits behind a job that crashed is not to blame") {
    add_slot();
    say(0, SlotBegan{});
    say(0, UnitsNamed{{"a"}});
    REQUIRE(jobs_of(0) == 2);
    say(0, crash);
    run.add_slot(1);
    add_slot();
    CHECK(held(1).losses == 1);
    CHECK(held(1).body.kind == JobKind::enumerate);
    CHECK(held(2).losses == 0);
    CHECK(held(2).attempt->number == 2);
}

TEST_CASE_FIXTURE(OneRun, "a lost worker's slots are told, and what it had not begun is no loss") {
    add_slot();
    say(0, SlotBegan{});
    say(0, UnitsNamed{{"a"}});
    lose_worker();
    CHECK(run.slots().empty());
    CHECK(events<WorkerDown>() == std::vector{WorkerDown{"gw0", "lost"}});
    run.add_slot(2);
    add_slot(2);
    CHECK(held(1).losses == 1);
    CHECK(held(2).body.unit == "a");
    CHECK(held(2).losses == 0);
}

TEST_CASE_FIXTURE(OneRun, "the loss of another worker changes nothing") {
    list({"a"});
    run.take_changed();
    lose_worker(2);
    CHECK(run.slots().size() == 1);
    CHECK(run.take_changed().empty());
}

TEST_CASE_FIXTURE(OneRun, "a worker is heard to be free also of a slot that had nothing to do") {
    list({"a"}, 2);
    run.take_changed();
    lose_worker(1);
    CHECK(run.take_changed() == std::set<WorkerKey>{1});
    CHECK(run.slots().size() == 1);
}

TEST_CASE_FIXTURE(OneRun, "tests that are given back keep the losses of their job") {
    list({"a"});
    load(0, 3);
    say(0, Noted{});
    lose_worker();
    add_slot();
    load(1, 3);
    say(1, Started{0});
    say(1, GaveBack{0, {2}});
    CHECK(held(1).losses == 1);
    CHECK(held(1, 1).losses == 1);
}

TEST_CASE_FIXTURE(OneRun, "a test that ran when its worker was lost goes on alone") {
    list({"a"});
    load(0, 4);
    say(0, Finished{0});
    say(0, Started{1});
    lose_worker();
    CHECK(events<TestFinished>().size() == 1);
    run.add_slot(2);
    add_slot(2);
    CHECK(held(1).body.selection.tests == names({"2", "3"}));
    CHECK(held(1).losses == 0);
    CHECK(held(2).body.selection.tests == names({"1"}));
    CHECK(held(2).losses == 1);
}

TEST_CASE_FIXTURE(OneRun, "a test that ran when workers were lost too often is given up") {
    list({"a"});
    load(0, 2);
    say(0, Started{0});
    places = 9;
    lose_worker();
    add_slot(2);  // the neighbour
    for (WorkerKey worker : {3U, 4U}) {
        CHECK(events<TestFinished>().empty());
        add_slot(worker);
        const SlotKey slot = *run.slots_on(worker).begin();
        say(slot, TestsFound{names({"0"})});
        say(slot, Started{0});
        lose_worker(worker);
    }
    REQUIRE(events<TestFinished>().size() == 1);
    CHECK(events<TestFinished>()[0].test == TestName{"0"});
    CHECK(events<TestFinished>()[0].result.outcome == Outcome::error);
    CHECK(why(events<TestFinished>()[0]) == "lost, 3 times");
    CHECK(run.waiting().empty());
    CHECK(run.jobs().size() == 1);
}

TEST_CASE("a unit that is lost while it is loaded is given up in time, whole") {
    OneRun one({.slots = 1, .crashes_max = 9}, {}, {.losses_max = 2});
    one.list({"a"});
    one.say(0, Noted{});
    one.lose_worker();
    CHECK(one.events<TestFinished>().empty());
    one.add_slot();
    one.say(1, Noted{});
    one.lose_worker();
    REQUIRE(one.events<TestFinished>().size() == 1);
    CHECK(one.events<TestFinished>()[0].test == TestName{"a"});
    CHECK(one.end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(OneRun, "a listing that is lost too often fails the grid, not a test") {
    for (SlotKey slot = 0; slot < 3; ++slot) {
        CHECK(!run.over());
        add_slot();
        say(slot, Noted{});
        lose_worker();
    }
    CHECK(end() == RunFinished{RunEnd::grid_failed, 3, "cannot list the tests: lost, 3 times"});
    CHECK(run.slots().empty());
}

TEST_CASE_FIXTURE(OneRun,
                  "a job that ends without all of its tests is lost, unless it was stopped") {
    list({"a"});
    load(0, 2);
    say(0, Finished{0});
    say(0, Ended{.end = End::stopped});
    CHECK(held(0).losses == 0);
    CHECK(held(0).body.selection.tests == names({"1"}));
    for (std::uint32_t losses = 1; losses <= 3; ++losses) {
        CHECK(events<TestFinished>().size() == 1);
        say(0, TestsFound{names({"1"})});
        say(0, Ended{});
    }
    REQUIRE(events<TestFinished>().size() == 2);
    CHECK(why(events<TestFinished>()[1]) == "ended without running all of its tests, 3 times");
    CHECK(held(0).body.kind == JobKind::finish);
}

TEST_CASE("a run that ends by giving up a test holds nothing of a worker that was lost") {
    OneRun one({.slots = 1, .failures_max = 1, .crashes_max = 9}, {}, {.losses_max = 1});
    one.list({"a"});
    one.load(0, 2);
    one.say(0, Started{0});
    one.lose_worker();
    CHECK(one.end().end == RunEnd::stopped);
}

TEST_CASE("a slot finishes at once when giving up its tests ends the run") {
    OneRun one({.slots = 1, .failures_max = 1}, {}, {.losses_max = 1});
    one.list({"a"});
    one.load(0, 2);
    one.say(0, Ended{});
    REQUIRE(one.jobs_of(0) == 1);
    CHECK(one.held(0).body.kind == JobKind::finish);
}
