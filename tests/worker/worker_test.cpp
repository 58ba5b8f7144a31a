#include "worker/worker.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker;

namespace {

const Instant start = Instant() + std::chrono::hours(1);
constexpr std::uint64_t slot_1 = 1;

AttemptOrders attempt(std::uint64_t job, const std::string& slot = "gw0") {
    return {.id = {job, 1}, .run = "run", .slot = slot, .body = JobBody{.unit = "test_a.py"}};
}

Orders orders(std::uint64_t number, std::vector<AttemptOrders> attempts,
              std::vector<std::string> slots = {"gw0"}, const std::string& broker = "broker") {
    return {.broker = broker,
            .session = "session",
            .number = number,
            .runs = {{.run = "run", .spec = RunSpec{}, .slots = std::move(slots)}},
            .attempts = std::move(attempts)};
}

template <class T>
std::vector<T> commands(const Effects& effects) {
    std::vector<T> found;
    for (const Command& command : effects.commands) {
        if (const auto* one = std::get_if<T>(&command)) found.push_back(*one);
    }
    return found;
}

Status status(Worker& worker, Instant now) {
    const Effects effects = worker.advance(now);
    REQUIRE(effects.send.size() == 1);
    return std::get<Status>(effects.send[0]);
}

struct Fixture {
    Worker worker{Identity{.session = "session", .host = "host", .slots = 2}};
    Instant now = start;

    Fixture() { worker.receive(now, orders(1, {attempt(1)})); }
    void say(Fact fact, std::uint64_t job = 1) {
        worker.report(now, slot_1, SlotFact{{job, 1}, std::move(fact)});
    }
};

// Its slot has been told to finish, and says that it has.
struct Finishing : Fixture {
    AttemptOrders finish = attempt(2);

    Finishing() {
        finish.body = JobBody{.kind = JobKind::finish};
        worker.receive(now, orders(2, {attempt(1), finish}));
        say(Ended{});
        say(Ended{}, 2);
    }
    std::vector<Fact> facts_of_finish() {
        worker.receive(now, Welcome{});  // so that all is said again
        return status(worker, now).attempts.back().facts;
    }
};

// Its tests may take 1 s, and its slot has begun.
struct Limited {
    Worker worker{Identity{.session = "session", .host = "host"}};
    Instant now = start;

    Limited() {
        Orders first = orders(1, {attempt(1)});
        first.runs[0].spec->timeout_seconds = 1;
        worker.receive(now, first);
        say(SlotBegan{});
        say(TestsFound{{{"test_a"}}});
    }
    void say(Fact fact, std::uint64_t job = 1) {
        worker.report(now, slot_1, SlotFact{{job, 1}, std::move(fact)});
    }
};

}  // namespace

TEST_CASE("a slot is started once, and gets its jobs in order") {
    Worker worker(Identity{.session = "session"});
    const Effects first = worker.receive(start, orders(1, {attempt(1), attempt(2)}));
    CHECK(commands<StartSlot>(first).size() == 1);
    REQUIRE(commands<GiveJob>(first).size() == 2);
    CHECK(commands<GiveJob>(first)[1].attempt == AttemptId{2, 1});
    const Effects again = worker.receive(start, orders(2, {attempt(1), attempt(2)}));
    CHECK(again.commands.empty());
}

TEST_CASE_FIXTURE(Fixture, "orders for another session, or older than the last, change nothing") {
    Orders foreign = orders(9, {});
    foreign.session = "other";
    CHECK(worker.receive(now, foreign).commands.empty());
    worker.receive(now, orders(5, {attempt(1)}));
    CHECK(worker.receive(now, orders(4, {}, {})).commands.empty());
    CHECK(worker.held().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "what is not listed any more is ended") {
    const Effects effects = worker.receive(now, orders(2, {}, {}));
    CHECK(commands<EndSlot>(effects).size() == 1);
    CHECK(worker.held().empty());
}

TEST_CASE_FIXTURE(Fixture, "another broker makes it forget, also a slot of the same name") {
    const Effects effects = worker.receive(now, orders(1, {attempt(1)}, {"gw0"}, "another"));
    CHECK(commands<EndSlot>(effects).size() == 1);
    REQUIRE(commands<StartSlot>(effects).size() == 1);
    CHECK(commands<StartSlot>(effects)[0].slot != slot_1);
}

TEST_CASE_FIXTURE(Fixture, "facts are repeated until they are recorded") {
    say(Started{0});
    const Status first = status(worker, now);
    CHECK(first.attempts[0].facts.size() == 1);
    // One heartbeat to see that nothing was recorded, one to say it again.
    worker.advance(now += std::chrono::seconds(1));
    const Status again = status(worker, now += std::chrono::seconds(1));
    CHECK(again.attempts[0].first == 0);
    CHECK(again.attempts[0].facts.size() == 1);
    AttemptOrders recorded = attempt(1);
    recorded.recorded = 1;
    worker.receive(now, orders(2, {recorded}));
    const Status last = status(worker, now += std::chrono::seconds(1));
    CHECK(last.attempts[0].first == 1);
    CHECK(last.attempts[0].facts.empty());
}

TEST_CASE_FIXTURE(Fixture, "a new connection has all that is not recorded said again at once") {
    say(Started{0});
    status(worker, now);
    worker.receive(now, Welcome{"broker"});
    CHECK(status(worker, now).attempts[0].facts.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "the start of a test that has finished meanwhile is not told apart") {
    say(Started{0});
    say(Finished{0});
    say(Started{1});
    const Status said = status(worker, now);
    REQUIRE(said.attempts[0].facts.size() == 2);
    CHECK(std::holds_alternative<Finished>(said.attempts[0].facts[0]));
}

TEST_CASE_FIXTURE(Fixture, "facts wait a little for others to share a status") {
    status(worker, now);
    say(Started{0});
    CHECK(worker.advance(now).send.empty());
    CHECK(worker.next_deadline() == now + std::chrono::milliseconds(4));
}

TEST_CASE_FIXTURE(Fixture, "a crash is the end of the first attempt; the others were not begun") {
    worker.receive(now, orders(2, {attempt(1), attempt(2)}));
    worker.report(now, slot_1, SlotExited{"killed by signal 11"});
    const Status said = status(worker, now);
    REQUIRE(said.attempts.size() == 2);
    CHECK(std::get<Ended>(said.attempts[0].facts.back()).end == End::crashed);
    CHECK(std::get<Ended>(said.attempts[0].facts.back()).text == "killed by signal 11");
    CHECK(std::get<Ended>(said.attempts[1].facts.back()).end == End::returned);
}

TEST_CASE_FIXTURE(Fixture, "a slot that died with nothing to do is told of with its next job") {
    say(Ended{});
    worker.report(now, slot_1, SlotExited{"exited with status 1"});
    const Effects effects = worker.receive(now, orders(2, {attempt(1), attempt(2)}));
    CHECK(commands<StartSlot>(effects).empty());
    const Status said = status(worker, now);
    CHECK(std::get<Ended>(said.attempts[1].facts.back()).end == End::gone);
}

TEST_CASE_FIXTURE(Fixture, "a slot that is lost says so of what it runs, or of its next job") {
    worker.report(now, slot_1, SlotLost{"the interpreter was killed"});
    CHECK(std::get<Ended>(status(worker, now).attempts[0].facts.back()).end == End::lost);

    Fixture idle;
    idle.say(Ended{});
    idle.worker.report(now, slot_1, SlotLost{"the interpreter was killed"});
    idle.worker.receive(now, orders(2, {attempt(1), attempt(2)}));
    CHECK(std::get<Ended>(status(idle.worker, now).attempts[1].facts.back()).end == End::lost);
}

TEST_CASE_FIXTURE(Fixture, "a request to give back reaches the slot once") {
    AttemptOrders asked = attempt(1);
    asked.give_back = 1;
    asked.keep = 3;
    CHECK(commands<AskBack>(worker.receive(now, orders(2, {asked}))).size() == 1);
    CHECK(commands<AskBack>(worker.receive(now, orders(3, {asked}))).empty());
}

TEST_CASE_FIXTURE(Finishing, "that a slot has finished is told when its process has left cleanly") {
    CHECK(facts_of_finish().empty());
    worker.report(now, slot_1, SlotExited{"exited with status 0", true});
    REQUIRE(facts_of_finish().size() == 1);
    CHECK(std::get<Ended>(facts_of_finish()[0]).end == End::done);
}

TEST_CASE_FIXTURE(Finishing, "a slot that dies while its process leaves has crashed") {
    worker.report(now, slot_1, SlotExited{"killed by signal 11"});
    REQUIRE(facts_of_finish().size() == 1);
    CHECK((facts_of_finish()[0] == Fact(Ended{End::crashed, "killed by signal 11"})));
}

TEST_CASE_FIXTURE(Finishing, "a slot that does not leave in time is ended, and that is said") {
    CHECK(commands<EndSlot>(worker.receive(now, orders(3, {finish}))).empty());
    CHECK(commands<EndSlot>(worker.advance(now += std::chrono::seconds(6))).size() == 1);
    REQUIRE(facts_of_finish().size() == 2);
    CHECK(std::holds_alternative<Noted>(facts_of_finish()[0]));
    CHECK(std::get<Ended>(facts_of_finish()[1]).end == End::done);
}

TEST_CASE_FIXTURE(Finishing, "orders that make no sense to a slot that leaves break nothing") {
    worker.receive(now, orders(3, {attempt(3)}));
    worker.receive(now, orders(4, {}));
    worker.receive(now, orders(5, {attempt(3)}));
    worker.report(now, slot_1, SlotExited{});
    const Status said = status(worker, now);
    CHECK(said.attempts[0].facts.size() == 1);
}

TEST_CASE_FIXTURE(Limited, "a test that outlasts its limit is aborted, and blamed for it") {
    say(Started{0});
    CHECK(worker.next_deadline() <= now + std::chrono::seconds(2));
    CHECK(commands<AbortSlot>(worker.advance(now + std::chrono::seconds(1))).empty());
    now += std::chrono::seconds(2);
    CHECK(commands<AbortSlot>(worker.advance(now)).size() == 1);
    CHECK(commands<AbortSlot>(worker.advance(now += std::chrono::seconds(9))).empty());
    worker.report(now, slot_1, SlotExited{"killed by signal 6 (Aborted)\nits stack"});
    worker.receive(now, Welcome{});
    CHECK(std::get<Ended>(status(worker, now).attempts[0].facts.back()).text ==
          "timed out after 1 s and did not stop\nits stack");
}

TEST_CASE_FIXTURE(Limited, "a test with a longer limit of its own is left alone for that long") {
    worker.report(now, slot_1, SlotLimit{std::chrono::seconds(60)});
    say(Started{0});
    CHECK(commands<AbortSlot>(worker.advance(now + std::chrono::seconds(64))).empty());
    CHECK(commands<AbortSlot>(worker.advance(now + std::chrono::seconds(65))).size() == 1);
}

TEST_CASE_FIXTURE(Limited, "the limit is of what a slot does, not of what waits behind it") {
    worker.receive(now, orders(3, {attempt(1), attempt(2)}));
    say(Started{0});
    say(Finished{0});
    now += std::chrono::seconds(1);
    say(Ended{});  // and the next job begins
    CHECK(commands<AbortSlot>(worker.advance(now + std::chrono::milliseconds(1900))).empty());
    CHECK(commands<AbortSlot>(worker.advance(now + std::chrono::seconds(2))).size() == 1);
}

TEST_CASE_FIXTURE(Limited, "an idle slot has all the time in the world") {
    say(Ended{});
    CHECK(worker.advance(now + std::chrono::hours(1)).commands.empty());
}

TEST_CASE_FIXTURE(Fixture, "a slot that is stopped is told of, and then aborted") {
    say(Started{0});
    worker.report(now, slot_1, SlotStopped{});
    const Status said = status(worker, now += std::chrono::seconds(2));
    CHECK(std::holds_alternative<Noted>(said.attempts[0].facts.back()));
    CHECK(commands<AbortSlot>(worker.advance(now += std::chrono::seconds(8))).size() == 1);
    worker.report(now, slot_1, SlotExited{"killed by signal 9"});
    worker.receive(now, Welcome{});
    CHECK(std::get<Ended>(status(worker, now).attempts[0].facts.back()).text ==
          "was stopped (SIGSTOP) for 10 s");
}

TEST_CASE_FIXTURE(Fixture, "nothing follows the end of an attempt, whatever a slot says") {
    say(Ended{});
    say(Finished{0});
    CHECK(status(worker, now).attempts[0].facts.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a worker that leaves blames no test, and starts no slot") {
    worker.receive(now, orders(2, {attempt(1), attempt(2)}));
    const Effects left = worker.leave(now);
    CHECK(commands<EndSlot>(left).size() == 1);
    const Status last = std::get<Status>(left.send.at(0));
    CHECK(last.slots == 0);
    CHECK(last.drains);
    CHECK(std::get<Ended>(last.attempts.at(0).facts.back()).end == End::returned);
    CHECK(std::get<Ended>(last.attempts.at(1).facts.back()).end == End::returned);

    const Effects late = worker.receive(now, orders(3, {attempt(3, "gw1")}, {"gw0", "gw1"}));
    CHECK(late.commands.empty());
    now += std::chrono::seconds(1);
    CHECK(std::get<Ended>(status(worker, now).attempts.at(0).facts.back()).end == End::returned);
    worker.report(now, slot_1, SlotExited{"ended"});
    CHECK(worker.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "a worker that drains says so at once, and goes on until nothing is left") {
    const Status said = std::get<Status>(worker.drain(now).send.at(0));
    CHECK(said.drains);
    CHECK(said.slots > 0);
    CHECK(!worker.idle());
    say(Ended{});
    worker.report(now, slot_1, SlotExited{"ended", true});
    CHECK(!worker.idle());  // the broker has yet to hear of it
    worker.receive(now, orders(2, {}, {}));
    CHECK(worker.idle());
}

TEST_CASE_FIXTURE(Fixture, "what ails a host is told until it does no more") {
    CHECK(std::get<Status>(worker.ail(now, "its disk is full").send.at(0)).trouble ==
          "its disk is full");
    CHECK(worker.ail(now, "its disk is full").send.empty());
    CHECK(std::get<Status>(worker.ail(now, "").send.at(0)).trouble.empty());
}

TEST_CASE_FIXTURE(Fixture, "a slot that cannot be had on a host that ails is lost, not refused") {
    worker.ail(now, "its disk is full");
    worker.report(now, slot_1, SlotRefused{"cannot write", 3});
    worker.report(now, slot_1, SlotExited{"refused"});
    CHECK(std::get<Ended>(status(worker, now).attempts[0].facts.back()) ==
          Ended{.end = End::lost, .text = "its disk is full"});
}

TEST_CASE_FIXTURE(Fixture,
                  "that a slot was refused while it held nothing is told in its next attempt") {
    say(Ended{.end = End::returned});
    worker.report(now, slot_1, SlotRefused{"no such option", 4});
    SUBCASE("which comes first") {}
    SUBCASE("which comes when it is gone") {
        worker.report(now, slot_1, SlotExited{"exited with status 4"});
    }
    worker.receive(now, orders(2, {attempt(2)}));
    CHECK(
        std::get<Ended>(status(worker, now += std::chrono::seconds(1)).attempts[0].facts.back()) ==
        Ended{.end = End::refused, .text = "no such option", .code = 4});
}

// ---- Publications

namespace {

struct Listening : Fixture {
    const std::string own = topic_of_session("session");
    const std::string all = topic_of_labels({});

    Effects hear(const std::string& topic, std::uint64_t number, const Orders& published) {
        return worker.receive(now, Publication{topic, number, published});
    }
    std::map<std::string, std::uint64_t> heard() {
        worker.receive(now, Welcome{});  // so that it has something to say
        return status(worker, now).heard;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Listening, "what is published for it is obeyed like what is sent, and once") {
    CHECK(worker.topics() == std::vector{own, all});
    const Effects effects = hear(own, 6, orders(2, {attempt(1), attempt(2)}));
    REQUIRE(commands<GiveJob>(effects).size() == 1);
    CHECK(commands<GiveJob>(effects)[0].attempt == AttemptId{2, 1});
    CHECK(hear(own, 6, orders(3, {}, {})).commands.empty());
    CHECK(hear(own, 5, orders(4, {}, {})).commands.empty());
    CHECK(hear(own, 7, orders(2, {}, {})).commands.empty());  // it has obeyed those
    CHECK(worker.held().size() == 2);
}

TEST_CASE_FIXTURE(Listening, "what another broker publishes, or for others, is not for it") {
    CHECK(hear(own, 9, orders(9, {}, {}, "another")).commands.empty());
    CHECK(hear("w/another/", 9, orders(9, {}, {})).commands.empty());
    CHECK(worker.held().size() == 1);
    CHECK(heard().empty());
}

TEST_CASE_FIXTURE(Listening, "what is announced starts nothing, and is known when it is wanted") {
    Orders announced{.broker = "broker", .runs = {{.run = "new", .spec = RunSpec{}}}};
    announced.runs[0].spec->testrun_uid = "uid";
    CHECK(hear(all, 5, announced).commands.empty());
    Orders published = orders(2, {attempt(1), attempt(2, "gw1")}, {"gw0"});
    published.runs.push_back({.run = "new", .slots = {"gw1"}});
    published.attempts[1].run = "new";
    const auto starts = commands<StartSlot>(hear(own, 6, published));
    REQUIRE(starts.size() == 1);
    CHECK(starts[0].run == "new");
    CHECK(starts[0].spec.testrun_uid == "uid");
}

TEST_CASE_FIXTURE(Listening, "it says soon what it has heard last of each topic") {
    status(worker, now);
    const Instant quiet = worker.next_deadline();
    hear(all, 4, {.broker = "broker"});
    hear(own, 6, orders(2, {attempt(1)}));
    CHECK(worker.next_deadline() <= now + Settings{}.acknowledge);
    CHECK(worker.next_deadline() < quiet);
    CHECK(status(worker, worker.next_deadline()).heard ==
          std::map<std::string, std::uint64_t>{{all, 4}, {own, 6}});
}

TEST_CASE_FIXTURE(Listening, "numbers of a broker that is gone count no more") {
    hear(own, 6, orders(2, {attempt(1)}));
    worker.receive(now, orders(1, {}, {}, "another"));
    CHECK(heard().empty());
    hear(own, 1, orders(2, {attempt(1)}, {"gw0"}, "another"));
    CHECK(worker.held().size() == 1);
}
