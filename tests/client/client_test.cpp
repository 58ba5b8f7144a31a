#include "client/client.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Instant start = Instant() + std::chrono::hours(1);

Event finished(const std::string& id) {
    return TestFinished{.unit = "test_a.py", .test = {.id = id}};
}

struct Fixture {
    Client client{"run", RunSpec{}};

    Effects hear(std::uint64_t first, std::vector<Event> events) {
        return client.receive(start, Progress{"run", first, std::move(events)});
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "it submits until the broker knows the run, then follows") {
    const Effects first = client.advance(start);
    REQUIRE(first.send.size() == 2);
    CHECK(std::holds_alternative<Submit>(first.send[0]));
    CHECK(std::holds_alternative<Follow>(first.send[1]));
    hear(0, {});
    const Effects then = client.advance(start + std::chrono::seconds(2));
    REQUIRE(then.send.size() == 1);
    CHECK(std::holds_alternative<Follow>(then.send[0]));
}

TEST_CASE_FIXTURE(Fixture, "events are passed on once, and none beyond a gap") {
    CHECK(hear(0, {finished("a"), finished("b")}).events.size() == 2);
    CHECK(hear(1, {finished("b"), finished("c")}).events.size() == 1);
    CHECK(hear(5, {finished("z")}).events.empty());
}

TEST_CASE_FIXTURE(Fixture, "progress of another run is not its own") {
    CHECK(client.receive(start, Progress{"other", 0, {finished("a")}}).events.empty());
}

TEST_CASE_FIXTURE(Fixture, "a broker that has forgotten the run gets it again, with what is done") {
    hear(0, {finished("a")});
    const Effects effects = client.receive(start, UnknownRun{"run", 1});
    REQUIRE(!effects.send.empty());
    const Submit& submit = std::get<Submit>(effects.send[0]);
    REQUIRE(submit.done.size() == 1);
    CHECK(submit.done[0].test.id == "a");
    // Its events count anew, and a test keeps its first verdict.
    CHECK(hear(0, {finished("a"), finished("b")}).events.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "what a forgetful broker names again was named before") {
    hear(0, {UnitsKnown{.units = 1, .names = {"a"}}, UnitLoaded{"a", {{"a::1"}}}});
    client.receive(start, UnknownRun{"run", 1});
    const Effects again = hear(0, {UnitsKnown{.units = 2, .names = {"a", "b"}},
                                   UnitLoaded{"a", {{"a::1"}}}, UnitLoaded{"b", {{"b::1"}}}});
    REQUIRE(again.events.size() == 2);
    CHECK(again.events[0] == Event(UnitsKnown{.units = 1, .names = {"b"}}));
    CHECK(again.events[1] == Event(UnitLoaded{"b", {{"b::1"}}}));
}

TEST_CASE_FIXTURE(Fixture, "that a broker has forgotten the run is believed once") {
    hear(0, {finished("a")});
    client.receive(start, UnknownRun{"run", 1});
    hear(0, {finished("a"), finished("b")});
    CHECK(client.receive(start, UnknownRun{"run", 1}).send.empty());
}

TEST_CASE_FIXTURE(Fixture, "a cancellation is repeated until the run is over") {
    hear(0, {});
    CHECK(std::holds_alternative<Cancel>(client.cancel(start).send.front()));
    CHECK(std::holds_alternative<Cancel>(
        client.advance(start + std::chrono::seconds(2)).send.front()));
    hear(0, {RunFinished{RunEnd::cancelled, 2, "cancelled"}});
    CHECK(client.over());
    CHECK(client.advance(start + std::chrono::seconds(9)).send.empty());
}

TEST_CASE_FIXTURE(Fixture, "the end is acknowledged, so that the broker may forget") {
    const Effects effects = hear(0, {RunFinished{}});
    REQUIRE(effects.send.size() == 1);
    CHECK((effects.send[0] == Message(Follow{"run", 1, 1})));
}

TEST_CASE_FIXTURE(Fixture,
                  "what the run changes is told when it is found, and with it from then on") {
    client.advance(start);
    const Effects told = client.changes({"a.c"});
    REQUIRE(told.send.size() == 1);
    CHECK(std::get<Submit>(told.send[0]).spec.changed == std::vector<std::string>{"a.c"});
    hear(0, {});
    const Effects again = client.receive(start, UnknownRun{"run", 1});
    CHECK(std::get<Submit>(again.send.at(0)).spec.changed == std::vector<std::string>{"a.c"});
    CHECK(client.changes({}).send.empty());
    client.cancel(start);
    CHECK(client.changes({"a.c"}).send.empty());
}

TEST_CASE_FIXTURE(Fixture, "a broker that stays silent is given up") {
    Instant now = start;
    std::string trouble;
    for (int second = 0; second < 40 && trouble.empty(); ++second) {
        trouble = client.advance(now += std::chrono::seconds(1)).trouble;
    }
    CHECK(trouble == "the broker has not answered for 30 s");
    CHECK(client.over());
}

TEST_CASE_FIXTURE(Fixture, "a refusal ends it with the reason") {
    CHECK(client.receive(start, Refusal{"version"}).trouble == "the broker refuses: version");
}

TEST_CASE("a run is submitted with who submits it") {
    Client client("run", {}, {.user = "ann", .stays = true});
    const Effects effects = client.advance(start);
    CHECK(std::get<Submit>(effects.send.at(0)).order == Order{.user = "ann", .stays = true});
}

TEST_CASE("another client's run is followed in its epoch, and never submitted") {
    Client client(Attached{.run = "run", .epoch = 7});
    CHECK(client.submitted());
    const Effects first = client.advance(start);
    REQUIRE(first.send.size() == 1);
    CHECK(std::get<Follow>(first.send[0]) == Follow{.run = "run", .epoch = 7});
    // What is kept of a run that is over comes as it is asked for.
    const Effects then = client.receive(start, Progress{"run", 0, {finished("a")}});
    REQUIRE(then.send.size() == 1);
    CHECK(std::get<Follow>(then.send[0]).have == 1);
    CHECK(client.receive(start, UnknownRun{"run", 6}).trouble.empty());  // an echo
    CHECK(client.receive(start, UnknownRun{"run", 7}).trouble ==
          "the broker does not know the run any more");
    CHECK(client.over());
}

TEST_CASE("another client's run is not had again with other code") {
    Client client(Attached{.run = "run", .spec = {.tree = TreeSpec{}}});
    const RunFinished refused{.end = RunEnd::refused, .code = 3};
    const Effects effects = client.receive(start, Progress{"run", 0, {refused}});
    CHECK_FALSE(effects.unsent);
    CHECK(effects.events == std::vector<Event>{refused});
}

TEST_CASE("a warning of an import counts once, however many slots import") {
    Client client("r", {});
    client.receive(start, Welcome{});
    const auto seen = [](const char* worker, const char* when) {
        return WarningSeen{worker, {.path = "a.py", .line = 3, .when = when, .text = "text"}};
    };
    const Effects effects = client.receive(
        start, Progress{"r",
                        0,
                        {seen("gw0", "collect"), seen("gw1", "collect"), seen("gw1", "collect"),
                         seen("gw0", "runtest"), seen("gw1", "runtest")}});
    CHECK(effects.events.size() == 4);  // one slot met it twice
}

TEST_CASE("environments that cannot be had are told at once, and again and again") {
    Client client("r", {.environments = {{.name = "a"}, {.name = "b"}}});
    const auto told = [](const Effects& effects) {
        return std::get<Follow>(effects.send.back()).lacking;
    };
    CHECK(told(client.lacks(start, 0, "why")) == std::map<std::uint32_t, std::string>{{0, "why"}});
    CHECK(client.lacks(start, 0, "another").send.empty());
    CHECK(told(client.advance(start + std::chrono::seconds(2))).at(0) == "why");
    CHECK(told(client.lacks(start, 1, "too")).size() == 2);
}

TEST_CASE("a broker that has forgotten the run is told which environments have ended, and how") {
    Client client("run", {.environments = {{.name = "a"}, {.name = "b"}}, .each = true});
    const EnvironmentEnded refused{1, RunEnd::refused, 4, "no such option"};
    const EnvironmentEnded completed{0, RunEnd::completed, 0, ""};
    const auto hear = [&](std::vector<Event> events) {
        return client.receive(start, Progress{"run", 0, std::move(events)}).events;
    };
    CHECK(hear({refused, completed}).size() == 2);
    const Effects again = client.receive(start, UnknownRun{"run", 1});
    REQUIRE(!again.send.empty());
    CHECK((std::get<Submit>(again.send[0]).ended == std::vector{refused, completed}));
    // An environment keeps its first end.
    CHECK(hear({EnvironmentEnded{1, RunEnd::completed, 0, ""}}).empty());
}

// ---- Code that changed before it was sent

namespace {

const RunFinished without_its_code{RunEnd::refused, 3, "the code changed"};

struct TreeFixture : Fixture {
    TreeFixture() { client = Client("run", spec()); }

    static RunSpec spec() {
        RunSpec spec;
        spec.tree = TreeSpec{.project = "/p"};
        return spec;
    }
    Effects hear_of(const std::string& run, std::vector<Event> events) {
        return client.receive(start, Progress{run, 0, std::move(events)});
    }
};

}  // namespace

TEST_CASE_FIXTURE(TreeFixture, "a run whose code changed before any of it began can be had again") {
    const Effects ended = hear(0, {TreeSynced{"host", {}}, without_its_code});
    CHECK(ended.unsent);
    CHECK(ended.events.size() == 1);  // the end is not told
    CHECK(client.over());
    // The broker may forget the first.
    CHECK((ended.send == std::vector<Message>{Follow{"run", 2, 1}}));

    TreeSpec now{.project = "/p", .folder = "other"};
    const Effects again = client.retake(start, "second", now);
    CHECK_FALSE(client.over());
    REQUIRE(again.send.size() == 2);
    RunSpec expected = spec();
    expected.tree = now;
    CHECK((again.send[0] == Message(Submit{.run = "second", .spec = expected})));
    CHECK((again.send[1] == Message(Follow{"second", 0, 0})));

    CHECK(hear_of("run", {finished("a")}).events.empty());  // an echo of the first
    CHECK(hear_of("second", {WorkerUp{}, finished("a"), RunFinished{}}).events.size() == 3);
    CHECK(client.over());
}

TEST_CASE_FIXTURE(TreeFixture, "what environments ended as is not told of a run that comes again") {
    const EnvironmentEnded refused{0, RunEnd::refused, 3, "the code changed"};
    const Effects first = hear(0, {refused, without_its_code});
    CHECK(first.unsent);
    CHECK(first.events.empty());
    client.retake(start, "second", {});
    const EnvironmentEnded completed{0, RunEnd::completed, 0, ""};
    const std::vector<Event> second = {WorkerUp{}, completed, RunFinished{}};
    CHECK(hear_of("second", second).events == second);
}

TEST_CASE_FIXTURE(TreeFixture, "what environments ended as is told once the run stays as it is") {
    const EnvironmentEnded refused{0, RunEnd::refused, 3, "no such interpreter"};
    SUBCASE("as another has begun") {
        CHECK(hear(0, {refused}).events.empty());
        CHECK((hear(1, {WorkerUp{}}).events == std::vector<Event>{refused, WorkerUp{}}));
    }
    SUBCASE("as the run has ended otherwise") {
        const RunFinished lost{RunEnd::grid_failed, 3, "crashes"};
        CHECK((hear(0, {refused, lost}).events == std::vector<Event>{refused, lost}));
    }
    SUBCASE("as the code is the same") {
        CHECK(hear(0, {refused, without_its_code}).unsent);
        CHECK((client.settle().events == std::vector<Event>{refused, without_its_code}));
    }
}

TEST_CASE_FIXTURE(TreeFixture, "ends that nobody was told of are forgotten with their broker") {
    const EnvironmentEnded refused{0, RunEnd::refused, 3, "the code changed"};
    CHECK(hear(0, {refused}).events.empty());
    const Effects again = client.receive(start, UnknownRun{"run", 1});
    REQUIRE(!again.send.empty());
    CHECK(std::get<Submit>(again.send[0]).ended.empty());
    const std::vector<Event> second = {WorkerUp{}, EnvironmentEnded{}, RunFinished{}};
    CHECK(hear(0, second).events == second);
}

TEST_CASE_FIXTURE(TreeFixture, "a broker that forgets the run that came again gets that one") {
    hear(0, {without_its_code});
    client.retake(start, "second", {});
    CHECK(client.receive(start, UnknownRun{"run", 1}).send.empty());
    hear_of("second", {});
    const Effects effects = client.receive(start, UnknownRun{"second", 1});
    REQUIRE(!effects.send.empty());
    CHECK(std::get<Submit>(effects.send[0]).run == "second");
}

TEST_CASE_FIXTURE(TreeFixture, "a run that has ended for another reason ends as the broker said") {
    CHECK(hear(0, {without_its_code}).unsent);
    CHECK(client.settle().events == std::vector<Event>{without_its_code});
    CHECK(client.over());
    CHECK(client.settle().events.empty());
    CHECK(client.retake(start, "second", {}).send.empty());
}

TEST_CASE_FIXTURE(TreeFixture, "once a slot has begun, tests of two trees would be mixed") {
    hear(0, {WorkerUp{}});
    const Effects ended = hear(1, {without_its_code});
    CHECK_FALSE(ended.unsent);
    CHECK(ended.events == std::vector<Event>{without_its_code});
}

TEST_CASE_FIXTURE(TreeFixture, "that a slot had begun is known when its broker has forgotten it") {
    hear(0, {WorkerUp{}});
    client.receive(start, UnknownRun{"run", 1});
    CHECK_FALSE(hear(0, {without_its_code}).unsent);
}

TEST_CASE_FIXTURE(TreeFixture, "who has cancelled the run does not get it again") {
    client.cancel(start);
    CHECK_FALSE(hear(0, {without_its_code}).unsent);
}

TEST_CASE_FIXTURE(TreeFixture, "a run that comes again can be cancelled") {
    hear(0, {without_its_code});
    CHECK(client.cancel(start).send.empty());
    client.retake(start, "second", {});
    const Effects effects = client.cancel(start);
    REQUIRE(effects.send.size() == 3);
    CHECK(std::get<Submit>(effects.send[0]).run == "second");
    CHECK((effects.send[1] == Message(Cancel{"second"})));
}

TEST_CASE_FIXTURE(TreeFixture,
                  "what the framework refuses, and other ends, are not about the code") {
    for (const RunFinished& end :
         {RunFinished{RunEnd::refused, 4, "usage"}, RunFinished{RunEnd::grid_failed, 3, "crashes"},
          RunFinished{RunEnd::completed}}) {
        client = Client("run", spec());
        CHECK_FALSE(hear(0, {end}).unsent);
    }
    client = Client("run", {});  // its code did not travel
    CHECK_FALSE(hear(0, {without_its_code}).unsent);
}

TEST_CASE_FIXTURE(TreeFixture, "code that changes again and again is taken again three times") {
    std::string run = "run";
    for (std::uint32_t time = 1; time <= 3; ++time) {
        CHECK(hear_of(run, {without_its_code}).unsent);
        run += "+";
        client.retake(start, run, {});
        CHECK(client.retakes() == time);
    }
    const Effects ended = hear_of(run, {without_its_code});
    CHECK_FALSE(ended.unsent);
    CHECK(ended.events == std::vector<Event>{without_its_code});
}

TEST_CASE("the user of a run that waits for a slot of a shared broker is told why, once") {
    Client client("run", RunSpec{}, Order{.stays = true});
    Instant now = start;
    const auto asked = [&] {
        now += std::chrono::seconds(6);
        std::vector<Ask> found;
        for (const Message& message : client.advance(now).send) {
            if (const auto* ask = std::get_if<Ask>(&message)) found.push_back(*ask);
        }
        return found;
    };
    const auto told = [&](std::uint64_t number, const std::string& line) {
        return client.receive(now, Answer{.number = number, .lines = {line}}).notes;
    };
    client.receive(now, Progress{"run", 0, {}});
    client.advance(now);
    REQUIRE(asked() == std::vector{Ask{1, Question::why, "run"}});
    const std::string why = "waits for a slot: no worker is there";
    CHECK(told(1, "1 slot has not begun").empty());
    CHECK(told(9, why).empty());
    CHECK(told(1, why) == std::vector{why});
    CHECK(told(1, why).empty());
    CHECK(told(1, "waits for a slot: all are taken").empty());  // too soon
    now += std::chrono::minutes(1);
    client.receive(now, Progress{"run", 0, {}});
    REQUIRE(asked().size() == 1);
    CHECK(told(2, "waits for a slot: all are taken").size() == 1);
    client.receive(now, Progress{"run", 0, {WorkerUp{.worker = "gw0"}}});
    CHECK(asked().empty());
    CHECK(asked().empty());
    client.receive(now, Progress{"run", 1, {WorkerDown{.worker = "gw0"}}});
    CHECK(asked().empty());
    CHECK(asked().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a run with workers of its own asks nobody") {
    hear(0, {});
    for (int i = 0; i < 20; ++i) {
        for (const Message& message : client.advance(start + i * std::chrono::seconds(1)).send) {
            CHECK(!std::holds_alternative<Ask>(message));
        }
    }
}
