#include <algorithm>
#include <map>
#include <set>

#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

const RunFinished no_route{RunEnd::grid_failed, 3, "no route\nto the host"};

// A slot in each of both environments has loaded a unit.
struct InTwo : OneRun {
    InTwo() : OneRun(spec()) {
        add_slot(1, 0);
        say(0, SlotBegan{});
        say(0, UnitsNamed{{"a", "b", "c"}});
        add_slot(2, 1);
        say(1, SlotBegan{});
        say(0, Ended{});
        load(0, 3);
        load(1, 3);
    }

    static RunSpec spec() {
        return {.crashes_max = 9,
                .confirm = true,
                .environments = {{.name = "first"}, {.name = "second"}}};
    }
};

}  // namespace

TEST_CASE_FIXTURE(InTwo, "what an environment had is done in the others, and no test is blamed") {
    const std::string unit = held(1).body.unit;
    say(1, Finished{0});
    say(1, Started{1});
    run.withdraw(now, 1, no_route);
    CHECK(!run.slots().contains(1));
    CHECK(run.slots().contains(0));
    std::vector<TestName> open;
    for (const std::uint64_t job : run.waiting()) {
        if (run.find(job)->body.unit != unit) continue;
        CHECK(run.find(job)->losses == 0);
        const auto& tests = run.find(job)->body.selection.tests;
        open.insert(open.end(), tests.begin(), tests.end());
    }
    std::ranges::sort(open);
    CHECK(open == names({"1", "2"}));
    CHECK(events<TestFinished>().size() == 1);
    CHECK(!run.end());
}

TEST_CASE_FIXTURE(InTwo,
                  "an environment that is withdrawn is told, and its slots with the reason") {
    run.withdraw(now, 1, no_route);
    CHECK((events<EnvironmentEnded>() ==
           std::vector{EnvironmentEnded{1, no_route.end, no_route.code, no_route.reason}}));
    const auto down = events<WorkerDown>();
    REQUIRE(down.size() == 1);
    CHECK(down[0].worker == "gw1");
    CHECK(down[0].reason == "lost: no route");
    CHECK(down[0].environment == 1);
}

TEST_CASE_FIXTURE(InTwo, "no slot is wanted in an environment that was withdrawn") {
    lose_worker(2);
    CHECK(run.slots_wanted_in(1) == 1);
    run.withdraw(now, 1, no_route);
    CHECK(run.room_in(1) == 0);
    CHECK(run.slots_wanted_in(1) == 0);
    CHECK(run.slots_wanted() == 0);
}

TEST_CASE_FIXTURE(InTwo, "to withdraw an environment again, or none, changes nothing") {
    run.withdraw(now, 1, no_route);
    run.withdraw(now, 1, {RunEnd::refused, 4, "another"});
    run.withdraw(now, 7, {RunEnd::refused, 4, "another"});
    CHECK(events<EnvironmentEnded>().size() == 1);
    CHECK(!run.end());
}

TEST_CASE_FIXTURE(InTwo, "without any environment the run ends as the first one did") {
    run.withdraw(now, 1, no_route);
    run.withdraw(now, 0, {RunEnd::refused, 4, "no such option"});
    CHECK(run.over());
    CHECK(end() == no_route);
    CHECK(events<EnvironmentEnded>().size() == 2);
}

TEST_CASE_FIXTURE(InTwo, "a slot that is refused withdraws its environment") {
    run.lose_worker(now, 2, "lost");
    add_slot(2, 1);
    say(2, Ended{.end = End::refused, .text = "no such option", .code = 4});
    CHECK((events<EnvironmentEnded>() ==
           std::vector{EnvironmentEnded{1, RunEnd::refused, 4, "no such option"}}));
    CHECK(run.slots_wanted_in(1) == 0);
    CHECK(!run.end());
}

TEST_CASE("of a run in one environment its end alone is told") {
    OneRun one;
    one.run.withdraw(one.now, 0, no_route);
    CHECK(one.events<EnvironmentEnded>().empty());
    CHECK(one.end() == no_route);
}

TEST_CASE_FIXTURE(InTwo, "an environment that is withdrawn while the run stops keeps its end") {
    say(0, ExitAsked{"enough", 7});
    run.withdraw(now, 1, no_route);
    CHECK(!run.slots().contains(1));
    while (!run.over()) say(0, Ended{});
    CHECK((end() == RunFinished{RunEnd::exit_asked, 7, "enough"}));
}

// ---- Failures are confirmed where they were

namespace {

// Each of both environments has run a unit whose only test has failed, and its slot has finished.
struct FailedInTwo : OneRun {
    FailedInTwo() : OneRun(InTwo::spec()) {
        add_slot(1, 0);
        say(0, SlotBegan{});
        say(0, UnitsNamed{{"a", "b"}});
        add_slot(2, 1);
        say(1, SlotBegan{});
        say(0, Ended{});
        for (const SlotKey slot : {0U, 1U}) {
            in[slot] = held(slot).body.unit;
            load(slot, 1);
            say(slot, failed(0));
        }
        for (const SlotKey slot : {0U, 1U}) say(slot, Ended{});
        for (const SlotKey slot : {0U, 1U}) {
            REQUIRE(held(slot).body.kind == JobKind::finish);
            say(slot, Ended{});
        }
        REQUIRE(run.live_slots() == 0);
    }

    std::map<SlotKey, std::string> in;  // units, by environment
};

}  // namespace

TEST_CASE_FIXTURE(FailedInTwo, "a failure is confirmed in the environment where it was") {
    CHECK(run.slots_wanted_in(0) == 1);
    CHECK(run.slots_wanted_in(1) == 1);
    add_slot(2, 1);
    CHECK(run.slots().at(2).collected);
    CHECK(held(2).body.unit == in[1]);
    CHECK(held(2).purpose == Purpose::confirm);
    // That of the other one is not for it.
    CHECK(jobs_of(2) == 1);
    CHECK(run.waiting_collected_in(0).size() == 1);
    add_slot(1, 0);
    CHECK(run.slots().at(3).collected);
    CHECK(held(3).body.unit == in[0]);
}

TEST_CASE_FIXTURE(FailedInTwo, "what was confirmed is told of where it was") {
    add_slot(2, 1);
    say(2, SlotBegan{});
    load(2, 1);
    say(2, Finished{0});
    const auto finished = events<TestFinished>();
    REQUIRE(finished.size() == 1);
    CHECK(finished[0].environment == 1);
    CHECK(finished[0].result.outcome == Outcome::passed);
    const auto notes = events<NoteSeen>();
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].environment == 1);
}

TEST_CASE_FIXTURE(FailedInTwo, "what cannot be confirmed where it was is confirmed elsewhere") {
    SUBCASE("as it waits") { run.withdraw(now, 1, no_route); }
    SUBCASE("as it runs") {
        add_slot(2, 1);
        say(2, SlotBegan{});
        run.withdraw(now, 1, no_route);
    }
    add_slot(1, 0);
    const SlotKey slot = run.slots().begin()->first;
    say(slot, SlotBegan{});
    std::set<std::string> units;
    while (held(slot).body.kind != JobKind::finish) {
        units.insert(held(slot).body.unit);
        load(slot, 1);
        say(slot, failed(0));
        say(slot, Ended{});
    }
    CHECK(units == std::set<std::string>{"a", "b"});
    CHECK(events<TestFinished>().size() == 2);
    say(slot, Ended{});
    CHECK(end() == RunFinished{});
}
