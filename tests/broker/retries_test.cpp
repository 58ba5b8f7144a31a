#include <optional>

#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// A slot that has loaded a unit of two tests.
struct Retrying : OneRun {
    explicit Retrying(RunSpec spec = {.slots = 4, .crashes_max = 9, .retries = 2})
        : OneRun(std::move(spec)) {
        list({"a"});
        load(0, 2);
    }

    // Which runs what has failed before.
    void load_again(SlotKey slot, const std::string& test = "0") {
        REQUIRE(held(slot).again);
        CHECK(held(slot).body.selection == Selection{Select::only, names({test})});
        say(slot, TestsFound{names({test})});
    }

    std::optional<TestFinished> verdict(const std::string& test) {
        std::optional<TestFinished> found;
        for (const TestFinished& one : events<TestFinished>()) {
            if (one.test.id != test) continue;
            REQUIRE(!found);
            found = one;
        }
        return found;
    }
};

// Two slots of one worker.
struct Beside : OneRun {
    Beside() : OneRun({.slots = 2, .crashes_max = 9, .retries = 1}) {
        add_slot(1);
        add_slot(1);
        say(0, SlotBegan{});
        say(0, UnitsNamed{{"a", "b"}});
        say(1, SlotBegan{});
        say(0, Ended{});
        load(0, 1);
        load(1, 1);
    }
};

}  // namespace

TEST_CASE_FIXTURE(Retrying,
                  "a test that has failed runs again, and that it passes is its verdict") {
    say(0, failed(0));
    const auto failing = events<TestFailing>();
    REQUIRE(failing.size() == 1);
    CHECK(failing[0].retried);
    CHECK(failing[0].attempt == 1);
    CHECK(!verdict("0"));
    say(0, Finished{1});
    say(0, Ended{});
    load_again(0);
    say(0, Finished{0});
    say(0, Ended{});
    REQUIRE(verdict("0"));
    CHECK(verdict("0")->result.outcome == Outcome::passed);
    CHECK(verdict("0")->attempt == 2);
    CHECK(verdict("0")->was_failing);
    end_all();
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Retrying, "a test that fails as often as it may run has failed") {
    say(0, failed(0));
    say(0, Finished{1});
    say(0, Ended{});
    for (int again = 0; again < 2; ++again) {
        load_again(0);
        say(0, failed(0));
        say(0, Ended{});
    }
    CHECK(events<TestFailing>().size() == 2);
    REQUIRE(verdict("0"));
    CHECK(verdict("0")->result.outcome == Outcome::failed);
    CHECK(verdict("0")->attempt == 3);
    CHECK(run.failures() == 1);
    end_all();
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Retrying, "without retries a failure is final") {
    Retrying one({.slots = 4, .crashes_max = 9});
    one.say(0, failed(0));
    CHECK(one.verdict("0"));
    CHECK(one.events<TestFailing>().empty());
}

TEST_CASE_FIXTURE(Retrying, "a test that took its slot down runs again in another one") {
    say(0, Started{0});
    say(0, Ended{.end = End::crashed, .text = "killed by signal 11"});
    REQUIRE(events<TestFailing>().size() == 1);
    CHECK(events<TestFailing>()[0].result.crashed);
    CHECK(run.slots_wanted() > 0);
    add_slot(1);
    say(1, SlotBegan{});
    load_again(1);
    say(1, Finished{0});
    CHECK(verdict("0")->result.outcome == Outcome::passed);
}

TEST_CASE("a test runs again on another worker") {
    Retrying one({.slots = 4, .crashes_max = 9, .retries = 1});
    one.add_slot(2);
    REQUIRE(one.jobs_of(1) == 0);
    one.say(0, failed(0));
    one.load_again(1);
    one.say(1, Finished{0});
    CHECK(one.verdict("0")->worker == "gw1");
}

TEST_CASE("... behind what is running there") {
    OneRun one({.slots = 2, .crashes_max = 9, .retries = 1});
    one.list({"a", "b"}, 2);
    one.load(0, 1);
    one.load(1, 1);
    one.say(1, Started{0});
    one.say(0, failed(0));
    one.say(0, Ended{});
    CHECK(one.jobs_of(0) == 0);
    REQUIRE(one.jobs_of(1) == 2);
    CHECK(one.held(1, 1).again);
    SUBCASE("and is taken back when that takes too long") {
        one.wait(one.settings.retry_patience - milliseconds(10));
        CHECK(one.held(1, 1).attempt->asked == 0);
        CHECK(one.run.next_deadline() <= one.now + milliseconds(10));
        one.wait(milliseconds(20));
        CHECK(one.held(1, 1).attempt->asked == 1);
        one.say(1, GaveBack{.number = 1}, 1);
        one.say(1, Ended{.end = End::returned}, 1);
        CHECK(one.held(0).again);
    }
    SUBCASE("and goes where a slot of another worker comes free") {
        one.add_slot(3);
        one.wait(milliseconds(5));
        CHECK(one.held(1, 1).attempt->asked == 1);
        one.say(1, Ended{.end = End::returned}, 1);
        CHECK(one.held(2).again);
    }
}

TEST_CASE("where another worker could have a slot, one is wanted there") {
    Retrying one({.slots = 2, .crashes_max = 9, .retries = 1});
    one.elsewhere = one.places = 1;
    one.say(0, Finished{1});
    one.say(0, failed(0));
    one.say(0, Ended{});
    CHECK(one.jobs_of(0) == 0);
    CHECK(one.run.slots_wanted() == 1);
    CHECK(one.run.avoided() == 1);
    SUBCASE("which runs the test") {
        one.add_slot(2);
        CHECK(one.held(1).again);
    }
    SUBCASE("and not waited for without end") {
        one.wait(one.settings.retry_patience);
        CHECK(one.held(0).again);
    }
}

TEST_CASE_FIXTURE(Beside, "without another worker a test runs again in another slot") {
    say(0, failed(0));
    say(0, Ended{});
    CHECK(jobs_of(0) == 0);
    REQUIRE(jobs_of(1) == 2);
    CHECK(held(1, 1).again);
}

TEST_CASE("where it does not matter, a test runs again in the next slot that is free") {
    OneRun one({.slots = 2, .crashes_max = 9, .retries = 1, .retry_anywhere = true});
    one.list({"a", "b"}, 2);
    one.load(0, 1);
    one.load(1, 1);
    one.say(0, failed(0));
    one.say(0, Ended{});
    one.wait(milliseconds(5));
    REQUIRE(one.held(1, 1).attempt->asked == 1);
    one.say(1, Ended{.end = End::returned}, 1);
    CHECK(one.held(0).again);
    CHECK(!one.run.avoided());
}

TEST_CASE("only what has failed for good counts towards a limit") {
    Retrying one({.slots = 1, .failures_max = 1, .crashes_max = 9, .retries = 1});
    one.say(0, failed(0));
    CHECK(!one.run.end());
    one.say(0, Finished{1});
    one.say(0, Ended{});
    one.load_again(0);
    one.say(0, failed(0));
    REQUIRE(one.run.end());
    CHECK(one.run.end()->reason == "stopping after 1 failures");
}

TEST_CASE("a test that is to run again when its run stops has failed") {
    OneRun one({.slots = 1, .failures_max = 1, .crashes_max = 9, .retries = 1});
    one.list({"a"});
    one.load(0, 3);
    one.say(0, failed(0));
    one.say(0, failed(1));
    one.say(0, Finished{2});
    one.say(0, Ended{});
    one.say(0, TestsFound{names({"0"})});
    one.say(0, failed(0));
    one.say(0, Ended{});
    CHECK(one.events<TestFinished>().size() == 3);
    one.say(0, Ended{.end = End::returned});
    CHECK(one.held(0).body.kind == JobKind::finish);
}

TEST_CASE("when a run is stopped, what runs again then does not count") {
    Retrying one({.slots = 1, .crashes_max = 9, .retries = 1});
    one.say(0, failed(0));
    one.say(0, Finished{1});
    one.say(0, Ended{});
    one.load_again(0);
    one.say(0, Started{0});
    one.run.stop(one.now, {.end = RunEnd::stopped, .code = 1, .reason = "enough"});
    REQUIRE(one.verdict("0"));
    one.say(0, Finished{0});
    CHECK(one.verdict("0")->result.outcome == Outcome::failed);
}

TEST_CASE_FIXTURE(Retrying, "a test that is skipped when it runs again has not passed") {
    say(0, failed(0));
    say(0, Finished{1});
    say(0, Ended{});
    for (int again = 0; again < 2; ++again) {
        load_again(0);
        say(0, Finished{0, {.outcome = Outcome::skipped}});
        say(0, Ended{});
    }
    REQUIRE(verdict("0"));
    CHECK(verdict("0")->result.outcome == Outcome::failed);
    CHECK(verdict("0")->attempt == 1);
    CHECK(events<TestFailing>().size() == 2);
}

TEST_CASE_FIXTURE(Retrying, "a worker that is lost takes none of a test's runs along") {
    say(0, failed(0));
    say(0, Finished{1});
    say(0, Ended{});
    load_again(0);
    say(0, Started{0});
    lose_worker(1);
    CHECK(!verdict("0"));
    add_slot(2);
    say(1, SlotBegan{});
    load_again(1);
    say(1, failed(0));
    say(1, Ended{});
    CHECK(events<TestFailing>().back().attempt == 2);
    load_again(1);
    say(1, failed(0));
    CHECK(verdict("0")->attempt == 3);
}

TEST_CASE_FIXTURE(Retrying, "a test that is not there any more keeps its failure") {
    say(0, failed(0));
    say(0, Finished{1});
    say(0, Ended{});
    SUBCASE("its unit is") { say(0, Ended{.missing = names({"0"})}); }
    SUBCASE("its unit cannot be loaded") {
        TestResult result{.outcome = Outcome::error};
        result.details = Details{.phases = {{.when = "collect", .category = "error"}}};
        say(0, TestsFound{names({"a"})});
        say(0, Finished{0, result});
        say(0, Ended{});
    }
    SUBCASE("its unit takes the slot down") {
        say(0, Ended{.end = End::crashed, .text = "killed by signal 11"});
    }
    REQUIRE(verdict("0"));
    CHECK(verdict("0")->result.outcome == Outcome::failed);
    CHECK(events<TestFinished>().size() == 2);
}

TEST_CASE("a unit that cannot be loaded is not tried again") {
    OneRun one({.slots = 1, .crashes_max = 9, .retries = 1});
    one.list({"a"});
    TestResult result{.outcome = Outcome::error};
    result.details = Details{.phases = {{.when = "collect", .category = "error"}}};
    one.say(0, TestsFound{names({"a"})});
    one.say(0, Finished{0, result});
    CHECK(one.events<TestFinished>().size() == 1);
}

TEST_CASE_FIXTURE(Retrying, "what a slot finds of a run that does not count is not told") {
    say(0, failed(0));
    say(0, LateTeardown{{"0"}});
    say(0, Finished{1});
    say(0, Ended{});
    load_again(0);
    say(0, LateTeardown{{"0"}});
    CHECK(events<TeardownFailed>().empty());
    say(0, Finished{0});
    say(0, LateTeardown{{"0"}});
    CHECK(events<TeardownFailed>().size() == 1);
}

TEST_CASE("a failure is confirmed when its test has run as often as it may") {
    OneRun one({.slots = 1, .crashes_max = 9, .confirm = true, .retries = 1});
    one.list({"a", "b"});
    one.load(0, 1);
    one.say(0, failed(0));
    one.say(0, Ended{});
    one.load(0, 1);
    one.say(0, Finished{0});
    one.say(0, Ended{});
    REQUIRE(one.held(0).again);
    one.say(0, TestsFound{names({"0"})});
    one.say(0, failed(0));
    one.say(0, Ended{});
    const auto failing = one.events<TestFailing>();
    REQUIRE(failing.size() == 2);
    CHECK(failing[0].retried);
    CHECK(!failing[1].retried);
    CHECK(failing[1].attempt == 2);
    one.say(0, Ended{});
    one.add_slot(1);
    one.say(1, SlotBegan{});
    CHECK(one.held(1).purpose == Purpose::confirm);
    one.say(1, TestsFound{names({"0"})});
    one.say(1, Finished{0});
    CHECK(one.events<TestFinished>().back().result.outcome == Outcome::passed);
    CHECK(one.events<TestFinished>().back().attempt == 3);
}

TEST_CASE("tests that stay together run again alone, when nothing else is left") {
    OneRun one({.slots = 2, .crashes_max = 9, .grouping = Grouping::file, .retries = 1});
    one.list({"a", "b"}, 2);
    one.load(0, 2);
    one.load(1, 1);
    one.say(0, failed(0));
    one.say(0, failed(1));
    one.say(0, Ended{});
    CHECK(one.jobs_of(0) == 0);
    CHECK(one.jobs_of(1) == 1);
    one.say(1, Finished{0});
    one.say(1, Ended{});
    REQUIRE(one.held(1).again);
    CHECK(one.jobs_of(0) == 0);
    one.say(1, TestsFound{names({"0"})});
    one.say(1, Finished{0});
    one.say(1, Ended{});
    CHECK(one.held(1).body.selection.tests == names({"1"}));
}

TEST_CASE("a failure of a test in quarantine does not count towards a limit") {
    OneRun one({.slots = 1,
                .failures_max = 1,
                .crashes_max = 9,
                .quarantines = {{"known*", "ann", "issue", "2026-12-31"}}});
    one.list({"a"});
    one.say(0, TestsFound{names({"known[1]", "other", "last"})});
    one.say(0, failed(0));
    one.say(0, LateTeardown{{"known[1]"}});
    CHECK(!one.run.end());
    one.say(0, failed(1));
    CHECK(one.run.end());
}
