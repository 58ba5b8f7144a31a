#include "tests/broker/one_submission.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

const Fact failed{Finished{0, {.outcome = Outcome::failed}}};
const Fact crashed{Ended{.end = End::crashed, .text = "crashed: signal 11"}};

struct UpTo : OneSubmission {
    explicit UpTo(std::uint32_t failures, std::uint32_t crashes = 9)
        : OneSubmission(limited(failures, crashes)) {}

    static RunSpec limited(std::uint32_t failures, std::uint32_t crashes) {
        RunSpec spec = spec_of_each(2);
        spec.failures_max = failures;
        spec.crashes_max = crashes;
        return spec;
    }
};

// In each of both lanes a slot has loaded a unit of two tests.
template <class Fixture>
void load_both(Fixture& one) {
    for (const std::uint32_t environment : {0U, 1U}) {
        one.list(environment, {"x"});
        one.load(environment, 2);
    }
}

}  // namespace

// ---- Lanes

TEST_CASE("every test is run in each environment, and no job is of two") {
    OneSubmission one;
    REQUIRE(one.run.lanes().size() == 2);
    load_both(one);
    CHECK(one.run.lane_of(one.held(0).id) == 0U);
    CHECK(one.run.lane_of(one.held(1).id) == 1U);
    CHECK(!one.run.lane_of(one.next_job));
}

TEST_CASE("a run that is not of each environment is a single lane, with all of them") {
    RunSpec spec = OneSubmission::spec_of_each(2);
    spec.each = false;
    OneSubmission one(spec);
    REQUIRE(one.run.lanes().size() == 1);
    CHECK(one.lane(0).room_in(0) == 1);
    CHECK(one.lane(0).room_in(1) == 1);
}

TEST_CASE("slots have the numbers of their environment, and those in their place new ones") {
    OneSubmission one(OneSubmission::spec_of_each(2, 2));
    one.list(1, {"x", "y"});
    one.add_slot(1);
    one.list(0, {"x"});
    one.load(1, 2);
    one.say(1, crashed);
    one.add_slot(1);
    one.load(0, 2);
    one.say(0, crashed);
    one.add_slot(0);
    one.add_slot(0);
    const auto numbers = [&](std::uint32_t environment) {
        std::vector<SlotKey> keys;
        for (const auto& [key, slot] : one.lane(environment).slots()) keys.push_back(key);
        return keys;
    };
    CHECK(numbers(1) == std::vector<SlotKey>{3, 4});
    CHECK(numbers(0) == std::vector<SlotKey>{1, 5});
}

TEST_CASE("a verdict of an earlier submission is of its own environment only") {
    OneSubmission one(OneSubmission::spec_of_each(2), {{"x", {"0"}, 1}});
    one.list(0, {"x"});
    one.list(1, {"x"});
    CHECK(one.held(0).body.selection == Selection{});
    CHECK((one.held(1).body.selection == Selection{Select::except, {{"0"}}}));
}

TEST_CASE("a slot is given up by the environment that it is of") {
    OneSubmission one(OneSubmission::spec_of_each(2, 2));
    one.list(0, {"x"});
    one.list(1, {"x", "y"});
    one.add_slot(1);
    const SlotKey slot = one.lane(1).slots().begin()->first;
    CHECK(!one.run.perform(one.now, SlotAsked{0, slot}));
    CHECK(!one.run.perform(one.now, SlotAsked{2, slot}));
    CHECK(one.run.perform(one.now, SlotAsked{1, slot}));
    CHECK(one.lane(0).retiring().empty());
    CHECK(one.lane(1).retiring() == std::set{slot});
}

// ---- The log

TEST_CASE("the log has what happens in all environments, in its order, and says where it was") {
    OneSubmission one;
    one.list(1, {"x"});
    one.list(0, {"x"});
    one.load(1, 1);
    one.say(1, Finished{0});
    one.load(0, 1);
    one.say(0, Finished{0});
    const auto finished = one.events<TestFinished>();
    REQUIRE(finished.size() == 2);
    CHECK(finished[0].environment == 1);
    CHECK(finished[0].worker == "gw1");
    CHECK(finished[1].environment == 0);
    CHECK(finished[1].worker == "gw0");
    // One numbering, of which nothing is left out.
    CHECK(one.run.events().size() == one.log().size());
}

TEST_CASE("each environment ends once, and the run after the last of them") {
    OneSubmission one;
    one.complete(1);
    CHECK(one.events<EnvironmentEnded>() == std::vector{EnvironmentEnded{1}});
    CHECK(!one.run.over());
    CHECK(one.events<RunFinished>().empty());
    one.complete(0);
    CHECK((one.events<EnvironmentEnded>() == std::vector<EnvironmentEnded>{{1}, {0}}));
    CHECK(one.run.over());
    CHECK(one.end() == RunFinished{});
    one.schedule();
    CHECK(one.end() == RunFinished{});
}

// ---- Limits are of the run, not of its environments

TEST_CASE("failures of all environments count for the limit, which stops all") {
    UpTo one(2);
    load_both(one);
    one.say(0, failed);
    CHECK(!one.lane(0).end());
    one.say(1, failed);
    REQUIRE(one.lane(0).end());
    CHECK(*one.lane(0).end() == after_failures(2));
    CHECK(one.held(0).attempt->keep == 0);
    CHECK(one.held(0).attempt->asked > 0);
    for (const std::uint32_t environment : {0U, 1U}) {
        one.say(environment, GaveBack{1, {1}});
        one.say(environment, Ended{});
        one.say(environment, Ended{});  // of the session
    }
    CHECK(one.end() == after_failures(2));
}

TEST_CASE("an environment that has not begun is stopped by failures of another") {
    UpTo one(1);
    one.list(0, {"x"});
    one.load(0, 1);
    one.say(0, failed);
    CHECK(one.lane(1).over());
    CHECK(one.lane(1).slots_wanted() == 0);
}

TEST_CASE("crashes of all environments count for the limit, which stops all") {
    UpTo one(0, 1);
    load_both(one);
    one.say(0, crashed);
    CHECK(!one.lane(1).end());
    one.say(1, crashed);
    CHECK(one.end() == after_crashes(1));
}

TEST_CASE("an exit that a test asks for in one environment stops all, with its code") {
    OneSubmission one;
    load_both(one);
    one.say(1, ExitAsked{"enough", 7});
    REQUIRE(one.lane(0).end());
    CHECK((*one.lane(0).end() == RunFinished{RunEnd::exit_asked, 7, "enough"}));
}

TEST_CASE("trouble at the end of a session is of its own environment, and stops no other") {
    OneSubmission one;
    one.list(0, {});
    one.say(0, Ended{.text = "teardown of the session"});
    REQUIRE(one.lane(0).over());
    CHECK(one.lane(0).end()->end == RunEnd::exit_asked);
    CHECK(!one.lane(1).end());
    one.complete(1);
    CHECK(one.end().end == RunEnd::exit_asked);
}

// ---- What it comes to

TEST_CASE("an environment that refuses leaves the others, and the grid has failed the run") {
    OneSubmission one;
    one.refuse(1, 4, "no such option");
    CHECK(!one.lane(0).end());
    one.complete(0);
    CHECK((one.events<EnvironmentEnded>()[0] ==
           EnvironmentEnded{1, RunEnd::refused, 4, "no such option"}));
    CHECK((one.end() == RunFinished{RunEnd::grid_failed, 3, "b: no such option"}));
}

TEST_CASE("a run that all environments refuse is refused, as by the first of them") {
    OneSubmission one;
    one.refuse(1, 5, "later");
    one.refuse(0, 4, "no such option");
    CHECK((one.end() == RunFinished{RunEnd::refused, 4, "no such option"}));
}

TEST_CASE("an exit that was asked for goes before an environment that is lacking") {
    OneSubmission one(OneSubmission::spec_of_each(3));
    one.run.perform(one.now, EnvironmentsLack{{{0, "no route"}}});
    one.list(1, {"x"});
    one.load(1, 1);
    one.complete(2);
    one.say(1, ExitAsked{"enough", 7});
    one.say(1, Ended{});
    one.say(1, Ended{});
    CHECK((one.end() == RunFinished{RunEnd::exit_asked, 7, "enough"}));
}

TEST_CASE("a cancellation ends all environments that go on, and goes before everything") {
    OneSubmission one;
    one.refuse(0, 4, "no such option");
    one.list(1, {"x"});
    one.run.perform(one.now, RunCancelled{});
    CHECK(one.end().end == RunEnd::cancelled);
    CHECK((one.events<EnvironmentEnded>()[0].end == RunEnd::refused));
}

// ---- Environments that cannot be had

TEST_CASE("an environment that is lacking has ended, and the others go on") {
    OneSubmission one;
    load_both(one);
    one.run.perform(one.now, EnvironmentsLack{{{1, "no route"}, {7, "there is none"}}});
    one.run.perform(one.now, EnvironmentsLack{{{1, "another reason"}}});
    one.schedule();
    CHECK((one.events<EnvironmentEnded>() ==
           std::vector<EnvironmentEnded>{{1, RunEnd::grid_failed, 3, "no route"}}));
    CHECK(one.lane(1).slots().empty());
    CHECK(one.lane(1).slots_wanted() == 0);
    CHECK(one.lane(0).live_slots() == 1);
    CHECK(!one.lane(0).end());
}

TEST_CASE("nothing is run in an environment that has ended under another broker") {
    OneSubmission one(OneSubmission::spec_of_each(4));
    one.run.end_environments(one.now, {{1, RunEnd::completed, 0, ""},
                                       {0, RunEnd::refused, 4, "no such option"},
                                       {7, RunEnd::refused, 4, "there is none"}});
    one.schedule();
    CHECK(one.lane(0).over());
    CHECK(one.lane(1).over());
    CHECK(one.run.slots_wanted() == 2);
    one.complete(3);
    one.complete(2);
    // It comes to what it would have come to.
    CHECK((one.end() == RunFinished{RunEnd::grid_failed, 3, "a: no such option"}));
}

TEST_CASE("a run whose environments have all ended under another broker ends like them") {
    OneSubmission one;
    one.run.end_environments(one.now, {{0, RunEnd::stopped, 1, "stopping after 1 failures"},
                                       {1, RunEnd::completed, 0, ""}});
    one.schedule();
    CHECK((one.end() == RunFinished{RunEnd::stopped, 1, "stopping after 1 failures"}));
}
