// Copies of the last tests that run, in slots that would be idle.
#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// One unit with one test, which runs in the first slot; the other ones, each on a worker of its
// own, are idle.
struct Tail : OneRun {
    explicit Tail(RunSpec spec = {.slots = 4, .crashes_max = 9, .duplicate_tail = true},
                  std::vector<ExpectedUnit> known = {})
        : OneRun(std::move(spec)) {
        run.expect(std::move(known));
        list({"a"});
        load(0, 1);
        say(0, Started{0});
        for (WorkerKey worker : {2U, 3U}) add_slot(worker);
    }

    void copy() {
        wait(seconds(1));
        REQUIRE(jobs_of(1) == 1);
        say(1, SlotBegan{});
        say(1, TestsFound{names({"0"})});
        say(1, Started{0});
    }
};

}  // namespace

TEST_CASE_FIXTURE(Tail, "the last test gets one copy, on another worker, when it runs long") {
    wait(milliseconds(999));
    CHECK(jobs_of(1) == 0);
    CHECK(run.next_deadline() == now + milliseconds(1));
    wait(milliseconds(1));
    REQUIRE(jobs_of(1) == 1);
    CHECK(held(1).body.selection == Selection{Select::only, names({"0"})});
    wait(seconds(100));
    CHECK(jobs_of(2) == 0);
}

TEST_CASE("a test is late when it runs twice as long as was expected") {
    Tail tail({.slots = 4, .crashes_max = 9, .duplicate_tail = true},
              {{.unit = "a", .seconds = 4, .tests = 1}});
    tail.wait(milliseconds(7999));
    CHECK(tail.jobs_of(1) == 0);
    tail.wait(milliseconds(1));
    CHECK(tail.jobs_of(1) == 1);
}

TEST_CASE("without the option, and for what stays together, nothing has a copy") {
    for (const RunSpec& spec :
         {RunSpec{.slots = 4, .crashes_max = 9},
          RunSpec{
              .slots = 4, .crashes_max = 9, .grouping = Grouping::file, .duplicate_tail = true}}) {
        Tail tail(spec);
        tail.wait(seconds(100));
        CHECK(tail.jobs_of(1) == 0);
    }
}

TEST_CASE_FIXTURE(Tail, "the copy's result is the test's, and the first one's slot goes") {
    copy();
    say(1, Finished{0});
    REQUIRE(events<TestFinished>().size() == 1);
    CHECK(events<TestFinished>()[0].worker == "gw1");
    CHECK(!run.slots().contains(0));
    CHECK(events<WorkerDown>().at(0) == WorkerDown{"gw0", ""});
    say(1, Ended{});
    end_all();
    CHECK(end().end == RunEnd::completed);
    CHECK(events<TestFinished>().size() == 1);
}

TEST_CASE_FIXTURE(Tail, "the first one's result is the test's, and the copy's slot goes") {
    copy();
    say(0, failed(0));
    REQUIRE(events<TestFinished>().size() == 1);
    CHECK(!run.slots().contains(1));
    say(0, Ended{});
    end_all();
    CHECK(events<TestFinished>().size() == 1);
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE("the first failure decides, and runs again where there are retries") {
    Tail tail({.slots = 4, .crashes_max = 9, .retries = 1, .duplicate_tail = true});
    tail.copy();
    tail.say(1, failed(0));
    CHECK(tail.events<TestFinished>().empty());
    CHECK(!tail.run.slots().contains(0));
    REQUIRE(tail.held(2).again);
    tail.say(2, SlotBegan{});
    tail.say(2, TestsFound{names({"0"})});
    tail.say(2, Finished{0});
    REQUIRE(tail.events<TestFinished>().size() == 1);
    CHECK(tail.events<TestFinished>()[0].was_failing);
}

TEST_CASE_FIXTURE(Tail, "a copy that crashes, is lost or does not find its test says nothing") {
    const Fact ends = [&]() -> Fact {
        SUBCASE("crashes") {
            copy();
            return Ended{.end = End::crashed, .text = "killed by signal 9"};
        }
        SUBCASE("is lost") {
            copy();
            return Ended{.end = End::lost, .text = "gone"};
        }
        SUBCASE("is not found") {
            wait(seconds(1));
            say(1, SlotBegan{});
            return Ended{.missing = names({"0"})};
        }
        SUBCASE("is given back") {
            wait(seconds(1));
            say(1, SlotBegan{});
            say(1, TestsFound{names({"0"})});
            say(1, GaveBack{1, {0}});
            return Ended{};
        }
        return Ended{};
    }();
    say(1, ends);
    wait(seconds(10));
    CHECK(events<TestFinished>().empty());
    CHECK(run.waiting().empty());
    say(0, Finished{0});
    CHECK(events<TestFinished>().size() == 1);
    say(0, Ended{});
    end_all();
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Tail, "with its worker a copy goes, and what it was copied from stays") {
    copy();
    lose_worker(2);
    say(0, Finished{0});
    CHECK(events<TestFinished>().size() == 1);
}

TEST_CASE_FIXTURE(Tail, "when the first one is lost the copy is what is left, and counts") {
    copy();
    lose_worker(1);
    CHECK(run.waiting().empty());
    CHECK(held(1).losses == 1);
    say(1, Ended{.end = End::crashed, .text = "killed by signal 9"});
    REQUIRE(events<TestFinished>().size() == 1);
    CHECK(events<TestFinished>()[0].result.crashed);
}

TEST_CASE_FIXTURE(Tail, "a run that is cancelled ends with its copies") {
    copy();
    run.cancel(now);
    CHECK(end().end == RunEnd::cancelled);
}
