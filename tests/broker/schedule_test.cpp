// Which of a run's jobs goes to which of its slots, and who gives back what.
#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One slot has run one of ten tests, for a second.
struct Loaded : OneRun {
    explicit Loaded(RunSpec spec = {.slots = 4, .crashes_max = 9}) : OneRun(std::move(spec)) {
        list({"a"});
        load(0, 10);
        say(0, Started{0});
        wait(seconds(1));
        say(0, Finished{0});
    }
};

}  // namespace

TEST_CASE_FIXTURE(OneRun, "a run that is not listed wants one slot") {
    CHECK(run.slots_wanted() == 1);
    add_slot();
    CHECK(run.slots_wanted() == 0);
}

TEST_CASE_FIXTURE(OneRun, "a single file starts no second slot") {
    add_slot();
    say(0, UnitsNamed{{"a"}});
    CHECK(run.slots_wanted() == 0);
    say(0, Ended{});
    CHECK(run.slots_wanted() == 0);
    CHECK(held(0).body.unit == "a");
}

TEST_CASE_FIXTURE(OneRun, "a slot is wanted for each job that waits, up to the run's limit") {
    places = 9;
    list({"a", "b", "c"});
    CHECK(run.slots_wanted() == 2);
    add_slot();
    CHECK(run.slots_wanted() == 1);
    say(0, Ended{});
    CHECK(run.slots_wanted() == 0);
}

TEST_CASE("no more slots are wanted than the user allows") {
    OneRun one({.slots = 2});
    one.list({"a", "b", "c", "d", "e", "f"});
    CHECK(one.run.slots_wanted() == 1);
    one.add_slot();
    CHECK(one.run.slots_wanted() == 0);
}

TEST_CASE_FIXTURE(OneRun, "a slot that lists gets its next job before it is done") {
    places = 3;
    add_slot();
    say(0, UnitsNamed{{"a"}});
    REQUIRE(jobs_of(0) == 2);
    CHECK(held(0, 1).body.unit == "a");
}

TEST_CASE("a slot has one job ahead while many wait, and none near the end") {
    OneRun one({.slots = 2});
    one.list({"a", "b", "c", "d", "e"});
    CHECK(one.jobs_of(0) == 2);
    one.add_slot();
    CHECK(one.jobs_of(1) == 2);
    CHECK(one.run.waiting().size() == 1);
    one.say(0, Ended{});
    CHECK(one.jobs_of(0) == 1);
    CHECK(one.run.waiting().size() == 1);
}

TEST_CASE_FIXTURE(OneRun, "jobs are not held ahead where other slots could start") {
    places = 3;
    list({"a", "b", "c", "d"});
    CHECK(jobs_of(0) == 1);
    places = 0;
    run.schedule(now, places);
    CHECK(jobs_of(0) == 2);
}

TEST_CASE_FIXTURE(Loaded, "a long unit gives an idle slot its share, and keeps its own") {
    add_slot(2);
    CHECK(held(0).attempt->asked == 1);
    CHECK(held(0).attempt->takers == 1);
    CHECK(held(0).attempt->keep == 4);
    say(0, GaveBack{1, {5, 6, 7, 8, 9}});
    CHECK(held(1).body.selection.tests == names({"5", "6", "7", "8", "9"}));
}

TEST_CASE_FIXTURE(Loaded, "a long unit is split among all the slots that could start") {
    places = 2;
    wait(seconds(1));
    CHECK(held(0).attempt->takers == 2);
    CHECK(held(0).attempt->keep == 3);
}

TEST_CASE("no unit is split for slots that the run may not have") {
    Loaded one({.slots = 1});
    one.places = 5;
    one.wait(seconds(1));
    CHECK(one.held(0).attempt->asked == 0);
}

TEST_CASE_FIXTURE(Loaded, "who was asked to give back is not asked again before it has answered") {
    add_slot(2);
    wait(seconds(1));
    CHECK(held(0).attempt->asked == 1);
    say(0, GaveBack{1, {}});
    CHECK(held(0).attempt->answered == 1);
    wait(seconds(1));
    CHECK(held(0).attempt->asked == 2);
}

TEST_CASE_FIXTURE(OneRun, "an idle slot that is promised tests does not make others give back") {
    list({"a", "b"}, 2);
    for (SlotKey slot : {0U, 1U}) {
        load(slot, 10);
        say(slot, Started{0});
    }
    wait(seconds(1));
    places = 1;
    wait(seconds(1));
    CHECK(held(0).attempt->asked + held(1).attempt->asked == 1);
    wait(seconds(1));
    CHECK(held(0).attempt->asked + held(1).attempt->asked == 1);
}

TEST_CASE_FIXTURE(OneRun, "the unit with the most left gives back first") {
    list({"a", "b"}, 2);
    load(0, 5);
    load(1, 50);
    for (SlotKey slot : {0U, 1U}) say(slot, Started{0});
    wait(seconds(1));
    places = 1;
    wait(seconds(1));
    CHECK(held(0).attempt->asked == 0);
    CHECK(held(1).attempt->asked == 1);
}

TEST_CASE_FIXTURE(OneRun, "tests that are done sooner than another slot has loaded stay") {
    list({"a"});
    say(0, Noted{});
    wait(milliseconds(500));
    load(0, 10);
    say(0, Started{0});
    places = 1;
    wait(milliseconds(100));
    say(0, Finished{0});
    CHECK(held(0).attempt->asked == 0);
    CHECK(run.next_deadline() <= now + milliseconds(20));
    // They turn out to be slow.
    wait(milliseconds(100));
    CHECK(held(0).attempt->asked == 1);
}

TEST_CASE_FIXTURE(OneRun, "tests that take as long as a slot's start stay, but for an idle slot") {
    list({"a"});
    load(0, 20);
    say(0, Started{0});
    wait(milliseconds(100));
    for (std::uint32_t test = 0; test < 10; ++test) say(0, Finished{test});
    REQUIRE(held(0).attempt->unstarted == 10);
    places = 1;
    wait(Duration(0));
    CHECK(held(0).attempt->asked == 0);
    wait(milliseconds(2));
    CHECK(held(0).attempt->asked == 0);
    add_slot(2);
    wait(milliseconds(2));
    CHECK(held(0).attempt->asked == 1);
}

TEST_CASE_FIXTURE(OneRun, "to look at all slots again is put off a little") {
    list({"a"});
    load(0, 10);
    say(0, Started{0});
    wait(seconds(1));
    add_slot(2);
    say(0, GaveBack{held(0).attempt->asked, {}});
    CHECK(held(0).attempt->asked == 1);
    CHECK(run.next_deadline() == now + milliseconds(2));
}

TEST_CASE_FIXTURE(OneRun, "who had nothing to give back is asked again later and later") {
    list({"a"});
    load(0, 10);
    say(0, Started{0});
    wait(seconds(1));
    add_slot(2);
    const auto& asked = held(0).attempt->asked;
    for (const int pause : {20, 40, 80, 160, 250, 250}) {
        CAPTURE(pause);
        say(0, GaveBack{asked, {}});
        const std::uint32_t before = asked;
        wait(milliseconds(pause - 1));
        CHECK(asked == before);
        CHECK(run.next_deadline() == now + milliseconds(1));
        wait(milliseconds(2));  // all slots were looked at just now
        CHECK(asked == before + 1);
    }
}

TEST_CASE_FIXTURE(OneRun, "a job that waits behind another is called back for an idle slot") {
    add_slot();
    say(0, UnitsNamed{{"a"}});
    REQUIRE(jobs_of(0) == 2);
    SUBCASE("at once for one that is there") {
        add_slot(2);
        CHECK(held(0, 1).attempt->asked == 1);
        CHECK(held(0, 1).attempt->keep == 0);
        say(0, Ended{.end = End::returned}, 1);
        CHECK(held(1).body.unit == "a");
    }
    SUBCASE("later for one that would have to start") {
        places = 1;
        wait(milliseconds(50));
        CHECK(held(0, 1).attempt->asked == 0);
        CHECK(run.next_deadline() == now + milliseconds(20));
        wait(milliseconds(1));
        CHECK(held(0, 1).attempt->asked == 0);
        wait(milliseconds(2));
        CHECK(held(0, 1).attempt->asked == 1);
    }
}

TEST_CASE("where tests are only listed nothing is given back") {
    Loaded one({.slots = 4, .collect_only = true});
    one.add_slot(2);
    one.wait(seconds(1));
    CHECK(one.held(0).attempt->asked == 0);
}

TEST_CASE("a run that stops plans nothing") {
    Loaded one({.slots = 4, .failures_max = 1});
    one.say(0, failed(1));
    one.say(0, GaveBack{one.held(0).attempt->asked, {}});
    const std::uint32_t asked = one.held(0).attempt->asked;
    one.places = 3;
    one.wait(seconds(1));
    CHECK(one.held(0).attempt->asked == asked);
    CHECK(one.run.slots_wanted() == 0);
    CHECK(!one.run.retire(0));
    CHECK(one.run.next_deadline() == one.now + one.settings.finish_grace - seconds(1));
}

TEST_CASE_FIXTURE(OneRun, "a slot that retires gives back what it holds ahead, and finishes") {
    list({"a", "b", "c", "d", "e", "f"}, 2);
    REQUIRE(jobs_of(0) == 2);
    CHECK(run.retire(0));
    CHECK(!run.retire(0));
    CHECK(!run.retire(2));
    CHECK(held(0, 1).attempt->asked == 1);
    CHECK(held(1, 1).attempt->asked == 0);
    say(0, Ended{.end = End::returned}, 1);
    CHECK(jobs_of(0) == 1);
    say(0, Ended{});
    CHECK(held(0).body.kind == JobKind::finish);
    say(0, Ended{});
    CHECK(run.slots().size() == 1);
    CHECK(events<WorkerDown>() == std::vector{WorkerDown{"gw0", ""}});
    for (int jobs = 0; jobs < 4; ++jobs) say(1, Ended{});
    say(1, Ended{.end = End::returned});
    CHECK(held(1).body.kind == JobKind::unit);
    say(1, Ended{});
    CHECK(held(1).body.kind == JobKind::finish);
}

TEST_CASE_FIXTURE(Loaded, "who was asked for some tests is asked again when all are wanted") {
    add_slot(2);
    REQUIRE(held(0).attempt->keep == 4);
    say(0, ExitAsked{});
    CHECK(held(0).attempt->asked == 2);
    CHECK(held(0).attempt->keep == 0);
}

TEST_CASE_FIXTURE(OneRun, "who was asked for all is not asked again") {
    list({"a", "b", "c", "d", "e", "f"}, 2);
    REQUIRE(run.retire(0));
    REQUIRE(held(0, 1).attempt->asked == 1);
    say(0, ExitAsked{});
    CHECK(held(0, 1).attempt->asked == 1);
}

TEST_CASE_FIXTURE(OneRun, "a slot with nothing to do that retires finishes at once") {
    list({"a", "b"}, 2);
    say(1, Ended{});
    CHECK(run.retire(1));
    CHECK(run.retiring() == std::set<SlotKey>{1});
    run.schedule(now, places);
    CHECK(held(1).body.kind == JobKind::finish);
}

TEST_CASE_FIXTURE(OneRun, "the last slot of a run, which lists, retires when that is done") {
    add_slot();
    CHECK(run.retire(0));
    CHECK(held(0).attempt->asked == 0);
    say(0, UnitsNamed{{"a", "b"}});
    say(0, Ended{});
    CHECK(held(0).body.kind == JobKind::finish);
    say(0, Ended{});
    CHECK(run.live_slots() == 0);
    CHECK(run.slots_wanted() == 2);
    CHECK(!run.over());
}

TEST_CASE_FIXTURE(Loaded, "what a slot that retires has not begun goes to others") {
    say(0, Started{0});
    REQUIRE(run.retire(0));
    CHECK(held(0).attempt->asked == 1);
    CHECK(held(0).attempt->keep == 0);
    std::vector<std::uint32_t> rest;
    for (std::uint32_t i = 1; i < held(0).attempt->tests.size(); ++i) rest.push_back(i);
    say(0, GaveBack{1, rest});
    CHECK(run.slots_wanted() == 1);
    say(0, Finished{0});
    say(0, Ended{});
    CHECK(held(0).body.kind == JobKind::finish);
    say(0, Ended{});
    add_slot();
    CHECK(held(1).body.selection.tests.size() == rest.size());
}
