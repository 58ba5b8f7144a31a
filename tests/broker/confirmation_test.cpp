#include <optional>

#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

// One slot has run the units a and b, of two tests each, and a's first has failed.
struct OneFailure : OneRun {
    explicit OneFailure(RunSpec spec = {.slots = 1, .crashes_max = 9, .confirm = true},
                        Settings settings = {})
        : OneRun(std::move(spec), {}, settings) {
        list({"a", "b"});
        load(0, 2);
        say(0, Finished{0, failure("alone")});
        say(0, Finished{1});
        say(0, Ended{});
        load(0, 2);
    }

    static TestResult failure(const std::string& why) {
        TestResult result{.outcome = Outcome::failed};
        result.details = Details{.phases = {{.when = "call", .message = why}}};
        return result;
    }

    void end_unit_b() {
        say(0, Finished{0});
        say(0, Finished{1});
        say(0, Ended{});
    }

    std::optional<TestFinished> verdict(const std::string& unit, const std::string& test) {
        for (const TestFinished& one : events<TestFinished>()) {
            if (one.unit == unit && one.test.id == test) return one;
        }
        return std::nullopt;
    }
};

// The slot has finished, and another one, which collects everything, is at a's first test.
struct Confirming : OneFailure {
    explicit Confirming(RunSpec spec = {.slots = 1, .crashes_max = 9, .confirm = true})
        : OneFailure(std::move(spec)) {
        end_unit_b();
        say(0, Ended{});
        add_slot(1);
        say(1, SlotBegan{});
    }

    void load_again() { say(1, TestsFound{names({"0"})}); }

    void finish() {
        REQUIRE(held(1).body.kind == JobKind::finish);
        say(1, Ended{});
    }
};

struct Remembering : OneRun {
    Remembering()
        : OneRun({.slots = 2, .crashes_max = 9, .confirm = true, .collected_units = {"b"}}) {}
};

}  // namespace

TEST_CASE_FIXTURE(OneFailure, "a failure is shown at once, and is no verdict yet") {
    CHECK(!verdict("a", "0"));
    CHECK(verdict("a", "1"));
    const auto failing = events<TestFailing>();
    REQUIRE(failing.size() == 1);
    CHECK(failing[0].test.id == "0");
    CHECK(failing[0].result == failure("alone"));
}

TEST_CASE_FIXTURE(OneFailure, "while slots have work no failure is confirmed") {
    places = 1;
    run.schedule(now, places);
    CHECK(run.slots_wanted() == 0);
    CHECK(run.waiting_collected().empty());
}

TEST_CASE_FIXTURE(OneFailure, "when all else is done a slot that collects everything starts") {
    end_unit_b();
    CHECK(held(0).body.kind == JobKind::finish);
    CHECK(run.slots_wanted() == 0);
    say(0, Ended{});
    CHECK(!run.over());
    REQUIRE(run.slots_wanted() == 1);
    add_slot(1);
    CHECK(run.slots().at(1).collected);
    CHECK(held(1).body.unit == "a");
    CHECK(held(1).body.selection == Selection{Select::only, names({"0"})});
}

TEST_CASE("a slot that has run dry makes room for the one that collects everything") {
    OneFailure one({.slots = 2, .crashes_max = 9, .confirm = true});
    one.add_slot(2);
    one.wait(std::chrono::milliseconds(3));
    CHECK(one.held(1).body.kind == JobKind::finish);
    one.say(1, Ended{});
    CHECK(one.run.slots_wanted() == 1);
    one.add_slot(2);
    CHECK(one.run.slots().at(2).collected);
    CHECK(one.held(2).body.unit == "a");
}

TEST_CASE_FIXTURE(Confirming, "a test that passes where everything is collected has passed") {
    load_again();
    say(1, Finished{0});
    say(1, Ended{});
    REQUIRE(verdict("a", "0"));
    CHECK(verdict("a", "0")->result.outcome == Outcome::passed);
    CHECK(verdict("a", "0")->worker == "gw1");
    CHECK(verdict("a", "0")->was_failing);
    REQUIRE(events<NoteSeen>().size() == 1);
    CHECK(events<NoteSeen>()[0].text ==
          "0 passes only where the whole suite has been collected: in gw0, which imports only the "
          "files that it runs, it gave 'alone'");
    finish();
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Confirming, "a test that fails again keeps its first result") {
    load_again();
    say(1, Finished{0, failure("together")});
    say(1, Ended{});
    REQUIRE(verdict("a", "0"));
    CHECK(verdict("a", "0")->result == failure("alone"));
    CHECK(verdict("a", "0")->worker == "gw0");
    CHECK(events<TestFinished>().size() == 4);
    CHECK(events<NoteSeen>().empty());
    finish();
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Confirming, "a failure that cannot be run again stands as it is") {
    SUBCASE("its test is not there") {
        say(1, Ended{.missing = names({"0"})});
        finish();
    }
    SUBCASE("its unit is not there") {
        say(1, Ended{.text = "no such unit"});
        finish();
    }
    SUBCASE("the slot crashes") {
        load_again();
        say(1, Started{0});
        say(1, Ended{.end = End::crashed, .text = "killed by signal 11"});
        CHECK(events<NoteSeen>().size() == 1);
    }
    SUBCASE("the slot crashes while it collects") {
        say(1, Ended{.end = End::crashed, .text = "killed by signal 11"});
    }
    SUBCASE("the slot is refused") { say(1, Ended{.end = End::refused, .text = "no", .code = 4}); }
    SUBCASE("the framework ends the session") {
        say(1, ExitAsked{"enough", 7});
        say(1, Ended{.end = End::stopped});
        finish();
    }
    REQUIRE(verdict("a", "0"));
    CHECK(verdict("a", "0")->result == failure("alone"));
    CHECK(events<TestFinished>().size() == 4);
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE("a unit that can be loaded only where everything is collected runs there") {
    OneRun one({.slots = 1, .crashes_max = 9, .confirm = true});
    one.list({"a", "b"});
    one.say(0, TestsFound{names({"a"})});
    one.say(0, Finished{0, {.outcome = Outcome::error}});
    one.say(0, Ended{});
    one.say(0, Ended{});
    one.say(0, Ended{});
    one.add_slot(1);
    one.say(1, TestsFound{});
    one.say(1, Ended{.missing = names({"a"})});
    CHECK(one.events<TestFinished>().empty());
    CHECK(one.held(1).body == JobBody{.kind = JobKind::unit, .unit = "a"});
    one.load(1, 2);
    one.say(1, Finished{0});
    one.say(1, failed(1));
    CHECK(one.events<TestFailing>().size() == 1);
    CHECK(one.events<TestFinished>().size() == 2);
    one.say(1, Ended{});
    one.say(1, Ended{});
    CHECK(one.end().end == RunEnd::completed);
}

TEST_CASE("a crash while failures are confirmed is none that the limit counts") {
    Confirming one({.slots = 1, .crashes_max = 0, .confirm = true});
    one.say(1, Ended{.end = End::crashed});
    CHECK(one.end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Confirming, "a confirmation that is lost is tried again, but not for ever") {
    for (SlotKey slot = 1; slot < 3; ++slot) {
        say(slot, TestsFound{names({"0"})});
        say(slot, Started{0});
        lose_worker();
        REQUIRE(run.slots_wanted() == 1);
        CHECK(!verdict("a", "0"));
        add_slot(1);
    }
    say(3, Started{0});
    lose_worker();
    CHECK(verdict("a", "0")->result == failure("alone"));
    CHECK(end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Confirming, "a run that is cancelled ends with its failures as they are") {
    run.cancel(now);
    CHECK(verdict("a", "0")->result == failure("alone"));
    CHECK(end().end == RunEnd::cancelled);
}

TEST_CASE_FIXTURE(OneFailure, "an exit that a test asks for makes what has failed final") {
    say(0, ExitAsked{"enough", 7});
    CHECK(verdict("a", "0")->result == failure("alone"));
    CHECK(run.slots_wanted() == 0);
}

TEST_CASE("failures are final at once where a run does not confirm them") {
    RunSpec spec{.slots = 1, .crashes_max = 9, .confirm = true};
    SUBCASE("it is not asked to") { spec.confirm = false; }
    SUBCASE("it ends at a number of failures") { spec.failures_max = 9; }
    SUBCASE("everything is collected everywhere") { spec.collect_full = true; }
    OneFailure one(spec);
    CHECK(one.verdict("a", "0"));
    CHECK(one.events<TestFailing>().empty());
    one.end_unit_b();
    one.say(0, Ended{});
    CHECK(one.end().end == RunEnd::completed);
}

TEST_CASE("in a run of one unit failures are final: its slots have collected everything") {
    OneRun one({.slots = 1, .confirm = true});
    one.list({"a"});
    one.load(0, 1);
    one.say(0, failed(0));
    CHECK(one.events<TestFailing>().empty());
    CHECK(one.events<TestFinished>().size() == 1);
}

TEST_CASE_FIXTURE(OneFailure, "a test that crashed is not run again") {
    say(0, Started{0});
    say(0, Ended{.end = End::crashed});
    CHECK(verdict("b", "0")->result.crashed);
    CHECK(events<TestFailing>().size() == 1);
}

TEST_CASE("more failures than are confirmed make all of them final, and the run says so") {
    OneFailure one({.slots = 1, .confirm = true}, {.confirmations_max = 2});
    one.say(0, failed(0));
    CHECK(one.events<TestFailing>().size() == 2);
    CHECK(one.events<TestFinished>().size() == 1);
    one.say(0, failed(1));
    CHECK(one.events<TestFinished>().size() == 4);
    CHECK(one.events<TestFailing>().size() == 2);
    REQUIRE(one.events<NoteSeen>().size() == 1);
    CHECK(one.events<NoteSeen>()[0].text ==
          "failures are not confirmed in a slot that has collected everything: more than 2 tests "
          "failed");
    one.say(0, Ended{});
    one.say(0, Ended{});
    CHECK(one.end().end == RunEnd::completed);
}

TEST_CASE_FIXTURE(Confirming, "what a slot says while it collects everything is not told twice") {
    say(1, Warned{{.when = "collect"}});
    load_again();
    say(1, Warned{{.when = "runtest"}});
    say(1, Finished{0, failure("together")});
    say(1, LateTeardown{{"0"}, {.when = "teardown"}});
    CHECK(events<WarningSeen>().empty());
    CHECK(events<TeardownFailed>().empty());
}

TEST_CASE_FIXTURE(OneFailure, "a teardown goes with the failure that is held") {
    say(0, LateTeardown{{"0"}, {.when = "teardown"}});
    CHECK(events<TeardownFailed>().empty());
    end_unit_b();
    say(0, Ended{});
    add_slot(1);
    say(1, SlotBegan{});
    say(1, TestsFound{names({"0"})});
    std::size_t told = 0;
    SUBCASE("which stands") {
        say(1, Finished{0, failure("together")});
        told = 1;
    }
    SUBCASE("which does not") { say(1, Finished{0}); }
    CHECK(events<TeardownFailed>().size() == told);
    say(1, Ended{});
    REQUIRE(held(1).body.kind == JobKind::finish);
    // That of the second run is found by another job.
    say(1, LateTeardown{{"0"}, {.when = "teardown"}});
    CHECK(events<TeardownFailed>().size() == 1);
}

TEST_CASE("a teardown that is found when its test has passed elsewhere is not told") {
    OneFailure one({.slots = 2, .crashes_max = 9, .confirm = true});
    one.add_slot(2);
    one.wait(std::chrono::milliseconds(3));
    one.say(1, Ended{});
    one.add_slot(2);
    one.say(2, SlotBegan{});
    one.say(2, TestsFound{names({"0"})});
    std::size_t told = 0;
    SUBCASE("it passed") { one.say(2, Finished{0}); }
    SUBCASE("it failed") {
        one.say(2, Finished{0, OneFailure::failure("together")});
        told = 1;
    }
    one.say(0, LateTeardown{{"0"}, {.when = "teardown"}});
    CHECK(one.events<TeardownFailed>().size() == told);
}

TEST_CASE_FIXTURE(Remembering, "a unit that needs it runs in a slot that collects everything") {
    list({"a", "b", "c"}, 2);
    CHECK(!run.slots().at(0).collected);
    REQUIRE(run.slots().at(1).collected);
    CHECK(held(0).body.unit == "a");
    CHECK(held(1).body.unit == "b");
    load(1, 1);
    say(1, failed(0));
    CHECK(events<TestFailing>().empty());
    CHECK(events<TestFinished>().size() == 1);
    // Where it has nothing else to do, that slot is like the others.
    say(1, Ended{});
    CHECK(held(1).body.unit == "c");
}

TEST_CASE_FIXTURE(Remembering, "where no slot can collect everything its units do without") {
    list({"a", "b", "c"}, 2);
    SUBCASE("refused") { say(1, Ended{.end = End::refused, .text = "no", .code = 4}); }
    SUBCASE("crashed") { say(1, Ended{.end = End::crashed}); }
    CHECK(run.waiting_collected().empty());
    CHECK(run.jobs().size() == 3);
    CHECK(events<RunFinished>().empty());
    CHECK(events<TestFinished>().empty());
    if (!run.slots().contains(1)) {
        add_slot(2);
        CHECK(!run.slots().at(2).collected);
    }
}
