// The broker and its workers: orders, losses, and slots shared between runs.
#include "tests/broker/one_broker.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

// A worker of one slot that was told to list a run.
struct Told : OneBroker {
    Orders first;

    Told() {
        say(status());
        first = orders_in(submit("run", {.slots = 2, .testrun_uid = "uid"}));
    }

    std::uint64_t recorded() {
        const Orders orders = orders_in(wait(settings.heartbeat));
        REQUIRE(!orders.attempts.empty());
        REQUIRE(orders.attempts[0].id == AttemptId{1, 1});
        return orders.attempts[0].recorded;
    }

    std::size_t units() { return broker.find_run("run")->jobs().size() - 1; }
};

}  // namespace

TEST_CASE_FIXTURE(Told, "orders are all that a worker should do, and for whom they are") {
    CHECK(first.broker == "token");
    CHECK(first.session == "worker");
    REQUIRE(first.runs.size() == 1);
    CHECK(first.runs[0].run == "run");
    CHECK(first.runs[0].slots == std::vector<std::string>{"gw0"});
    REQUIRE(first.runs[0].spec);
    CHECK(first.runs[0].spec->testrun_uid == "uid");
    REQUIRE(first.attempts.size() == 1);
    CHECK(first.attempts[0] == AttemptOrders{.id = {1, 1},
                                             .run = "run",
                                             .slot = "gw0",
                                             .body = JobBody{.kind = JobKind::enumerate}});
}

TEST_CASE_FIXTURE(Told, "orders are repeated whole until the worker shows what it has of them") {
    Orders orders = orders_in(wait(settings.heartbeat));
    CHECK(orders.number > first.number);
    CHECK(orders.runs == first.runs);
    CHECK(orders.attempts == first.attempts);
    Status shown = status({{.id = {1, 1}}});
    shown.runs = {"run"};
    say(shown);
    orders = orders_in(wait(settings.heartbeat));
    CHECK(!orders.runs[0].spec);
    CHECK(!orders.attempts[0].body);
    say(status());  // it has forgotten all of it
    orders = orders_in(wait(settings.heartbeat));
    CHECK(orders.runs == first.runs);
    CHECK(orders.attempts == first.attempts);
}

TEST_CASE_FIXTURE(Told, "facts are recorded once, however often they are said") {
    say(status({{{1, 1}, 0, {UnitsNamed{{"a"}}, Noted{}}}}));
    CHECK(recorded() == 2);
    say(status({{{1, 1}, 1, {Noted{}, UnitsNamed{{"b"}}}}}));
    CHECK(recorded() == 3);
    CHECK(units() == 2);
}

TEST_CASE_FIXTURE(Told, "facts after a gap wait until the gap is filled") {
    say(status({{{1, 1}, 1, {UnitsNamed{{"b"}}}}}));
    CHECK(recorded() == 0);
    CHECK(units() == 0);
}

TEST_CASE_FIXTURE(Told, "facts that change no orders are receipted a little later") {
    say(status({{.id = {1, 1}}}));
    CHECK(broker.next_deadline() == now + settings.heartbeat);
    CHECK(sent<Orders>(say(status({{{1, 1}, 0, {Noted{}}}})), "worker's peer").empty());
    CHECK(broker.next_deadline() == now + settings.receipt_delay);
    CHECK(orders_in(wait(settings.receipt_delay)).attempts[0].recorded == 1);
}

TEST_CASE_FIXTURE(Told, "facts of an attempt that the worker does not hold are none") {
    say(status({{{1, 1}, 0, {UnitsNamed{{"a", "b", "c", "d"}}}}}));
    come("other", 1);
    REQUIRE(slots_of("run") == 2);
    say(status({{{1, 2}, 1, {UnitsNamed{{"e"}}}}}));
    say(status({{{1, 1}, 1, {UnitsNamed{{"e"}}}}}, "other"));
    say(status({{{9, 1}, 0, {UnitsNamed{{"e"}}}}}));
    CHECK(units() == 4);
}

TEST_CASE_FIXTURE(Told, "facts of another broker's attempts are none, and are answered at once") {
    Status foreign = status({{{1, 1}, 0, {UnitsNamed{{"a"}}}}});
    foreign.broker = "another";
    const Orders orders = orders_in(say(foreign));
    CHECK(units() == 0);
    REQUIRE(orders.attempts.size() == 1);
    CHECK(orders.attempts[0].body);
}

TEST_CASE_FIXTURE(Told, "a status that comes late, after a newer one, changes nothing") {
    const Status late = status({{{1, 1}, 0, {UnitsNamed{{"a"}}}}});
    say(status());
    say(late);
    CHECK(units() == 0);
}

TEST_CASE_FIXTURE(OneBroker, "a worker hears of its broker at once, and with each heartbeat") {
    const Orders first = orders_in(say(status()));
    CHECK(first.runs.empty());
    CHECK(broker.next_deadline() == now + settings.heartbeat);
    CHECK(orders_in(wait(settings.heartbeat)).number > first.number);
}

TEST_CASE_FIXTURE(Told, "the job of a worker that is silent for a lease goes to another") {
    say(status({{{1, 1}, 0, {SlotBegan{}}}}));
    come("other", 1);
    wait(settings.worker_lease - Duration(1));
    say(status({}, "other"));
    CHECK(broker.find_run("run")->slots().begin()->first == 0);
    const Effects effects = wait(Duration(1));
    const Orders orders = orders_in(effects, "other");
    REQUIRE(orders.attempts.size() == 1);
    CHECK(orders.attempts[0].id == AttemptId{1, 2});
    CHECK(orders.attempts[0].slot == "gw1");
    CHECK(sent<Orders>(effects, "worker's peer").empty());
    const auto progress = sent<Progress>(effects, "client");
    REQUIRE(progress.size() == 1);
    CHECK(progress[0].events == std::vector<Event>{WorkerDown{
                                    "gw0", "lost: nothing was heard of worker's host for 10 s"}});
}

TEST_CASE_FIXTURE(Told, "a worker that was lost and comes back sees newer orders than before") {
    const std::uint64_t before = orders_in(wait(settings.heartbeat)).number;
    wait(settings.worker_lease);
    CHECK(slots_of("run") == 0);
    const Orders orders = orders_in(say(status({{.id = {1, 1}}})));
    CHECK(orders.number > before);
    REQUIRE(orders.attempts.size() == 1);
    CHECK(orders.attempts[0].id == AttemptId{1, 2});
    CHECK(orders.runs[0].slots == std::vector<std::string>{"gw1"});
}

TEST_CASE_FIXTURE(OneBroker, "a run that no worker is there for waits for one") {
    submit("run");
    CHECK(slots_of("run") == 0);
    CHECK(orders_in(say(status())).attempts.size() == 1);
}

TEST_CASE_FIXTURE(Told, "a worker that comes later than a run gets its jobs at once") {
    say(status({{{1, 1}, 0, {UnitsNamed{{"a", "b", "c", "d"}}}}}));
    const Orders orders = orders_in(come("late", 2), "late");
    CHECK(slots_of("run") == 2);
    REQUIRE(!orders.attempts.empty());
    CHECK(orders.attempts[0].slot == "gw1");
    CHECK(orders.attempts[0].body->kind == JobKind::unit);
}

TEST_CASE_FIXTURE(OneBroker,
                  "slots go first to the run that has fewest, and to the freest worker") {
    come("a", 1);
    come("b", 3);
    submit("rich", {.slots = 9});
    const auto named = UnitsNamed{{"1", "2", "3", "4", "5", "6", "7", "8"}};
    say(status({{{1, 1}, 0, {}}}, "a"));
    CHECK(orders_in(wait(settings.heartbeat), "b").attempts.size() == 1);
    submit("poor", {.slots = 9});
    say(status({{{1, 1}, 0, {named}}, {{job_of_second, 1}, 0, {named}}}, "b", 3));
    CHECK(slots_of("rich") == 2);
    CHECK(slots_of("poor") == 2);
}

TEST_CASE_FIXTURE(OneBroker, "a run that comes late gets a slot of a run that has several") {
    come("worker", 2);
    submit("early", {.slots = 2});
    say(status({{{1, 1}, 0, {UnitsNamed{{"a", "b", "c", "d"}}, Ended{}}}}, "worker", 2));
    REQUIRE(slots_of("early") == 2);
    submit("late");
    CHECK(slots_of("late") == 0);

    // The slot that has the least to do ends its job, and then its session.
    const Run& early = *broker.find_run("early");
    REQUIRE(early.retiring().size() == 1);
    const SlotKey retiring = *early.retiring().begin();
    while (slots_of("early") == 2) {
        const Job& job = *early.find(early.slots().at(retiring).jobs.at(0));
        const AttemptId id{job.id, job.attempt->number};
        say(status({{id, job.attempt->recorded, {Ended{}}}}, "worker", 2));
    }
    CHECK(slots_of("late") == 1);
    CHECK(early.retiring().empty());
    const Orders orders = orders_in(wait(settings.heartbeat));
    CHECK(orders.runs.size() == 2);
}

TEST_CASE_FIXTURE(OneBroker,
                  "no more slots are asked for than are wanted, while they are on their way") {
    come("worker", 4);
    submit("early", {.slots = 4});
    say(status({{{1, 1}, 0, {UnitsNamed{{"a", "b", "c", "d", "e", "f", "g", "h"}}, Ended{}}}},
               "worker", 4));
    REQUIRE(slots_of("early") == 4);
    submit("late");
    const Run& early = *broker.find_run("early");
    REQUIRE(early.retiring().size() == 1);
    for (int looks = 0; looks < 5; ++looks) {
        now += std::chrono::milliseconds(500);
        say(status({}, "worker", 4));
        broker.advance(now);
    }
    CHECK(early.retiring().size() == 1);
}

TEST_CASE_FIXTURE(OneBroker, "a slot with nothing to do goes to a run that has none at once") {
    come("worker", 2);
    submit("early", {.slots = 2});
    say(status({{{1, 1}, 0, {UnitsNamed{{"a", "b", "c"}}}}}, "worker", 2));
    REQUIRE(slots_of("early") == 2);
    const Run& early = *broker.find_run("early");
    for (SlotKey slot : {1U, 1U}) {
        const AttemptId id{early.slots().at(slot).jobs.at(0), 1};
        say(status({{id, 0, {Ended{}}}}, "worker", 2));
    }
    REQUIRE(early.slots().at(1).jobs.empty());
    submit("late");
    REQUIRE(early.slots().at(1).jobs.size() == 1);
    CHECK(early.find(early.slots().at(1).jobs[0])->body.kind == JobKind::finish);
}

TEST_CASE_FIXTURE(OneBroker, "a run that has a slot takes none from a run that has more") {
    come("worker", 3);
    submit("poor", {.slots = 9});
    submit("rich", {.slots = 2});
    say(status({{{job_of_second, 1}, 0, {UnitsNamed{{"a", "b", "c", "d"}}}}}, "worker", 3));
    REQUIRE(slots_of("rich") == 2);
    say(status({{{1, 1}, 0, {UnitsNamed{{"a", "b", "c", "d"}}}}}, "worker", 3));
    REQUIRE(broker.find_run("poor")->slots_wanted() > 0);
    CHECK(slots_of("poor") == 1);
    CHECK(broker.find_run("rich")->retiring().empty());
}

TEST_CASE_FIXTURE(OneBroker, "no job waits behind another while a slot is free for it") {
    come("worker", 4);
    submit("run", {.slots = 4});
    say(status({{{1, 1}, 0, {UnitsNamed{{"a", "b", "c", "d"}}, Ended{}}}}, "worker", 4));
    REQUIRE(slots_of("run") == 4);
    for (const auto& [key, slot] : broker.find_run("run")->slots()) CHECK(slot.jobs.size() == 1);
}

TEST_CASE_FIXTURE(OneBroker, "a run with a single unit takes no second slot for it") {
    come("worker", 2);
    submit("run", {.slots = 2});
    say(status({{{1, 1}, 0, {UnitsNamed{{"a"}}}}}, "worker", 2));
    CHECK(slots_of("run") == 1);
}

TEST_CASE_FIXTURE(OneBroker, "a run with one long unit spreads to slots that are free") {
    come("worker", 2);
    submit("run", {.slots = 2});
    say(status({{{1, 1}, 0, {UnitsNamed{{"a"}}, Ended{}}}}, "worker", 2));
    const TestsFound found{{{"0"}, {"1"}, {"2"}, {"3"}}};
    say(status({{{2, 1}, 0, {found, Started{0}}}}, "worker", 2));
    const Orders orders = orders_in(wait(std::chrono::seconds(1)));
    REQUIRE(orders.attempts.size() == 1);
    CHECK(orders.attempts[0].give_back == 1);
    CHECK(orders.attempts[0].keep == 1);
    say(status({{{2, 1}, 2, {GaveBack{1, {2, 3}}}}}, "worker", 2));
    CHECK(slots_of("run") == 2);
}

TEST_CASE_FIXTURE(Told, "slots that do not finish a run that has stopped are ended after a while") {
    say(status({{{1, 1}, 0, {ExitAsked{"enough", 7}}}}));
    broker.receive(now, "client", Follow{"run"});
    wait(settings.finish_grace - settings.heartbeat);
    say(status({{.id = {1, 1}}}));
    CHECK(slots_of("run") == 1);
    const Effects effects = wait(settings.heartbeat);
    CHECK(orders_in(effects).runs.empty());
    CHECK(sent<Progress>(effects, "client").at(0).events.back() ==
          Event{RunFinished{RunEnd::exit_asked, 7, "enough"}});
}

TEST_CASE_FIXTURE(OneBroker, "a run does not give up its only slot") {
    say(status());
    submit("early");
    submit("late");
    CHECK(slots_of("early") == 1);
    CHECK(slots_of("late") == 0);
    broker.receive(now, "client", Cancel{"early"});
    CHECK(slots_of("late") == 1);
}

// ---- Workers that take nothing new

TEST_CASE_FIXTURE(OneBroker, "what a worker that drains has not begun goes to others at once") {
    come("a", 1);
    submit("run", {.slots = 2});
    say(status({{{1, 1}, 0, {UnitsNamed{{"a"}}, Ended{}}}}, "a"));
    say(status({{{2, 1}, 0, {SlotBegan{}, TestsFound{{{"0"}, {"1"}, {"2"}}}, Started{0}}}}, "a"));
    Status drains = status({{.id = {2, 1}, .first = 3}}, "a");
    drains.drains = true;
    const Orders orders = orders_in(say(drains), "a");
    REQUIRE(!orders.attempts.empty());
    CHECK(orders.attempts[0].give_back == 1);
    CHECK(orders.attempts[0].keep == 0);
    come("b", 1);
    CHECK(slots_of("run") == 1);

    // It ends the test that runs, then its session, and gets nothing more.
    drains = status({{{2, 1}, 3, {GaveBack{1, {1, 2}}, Finished{0}, Ended{}}}}, "a");
    drains.drains = true;
    const Orders last = orders_in(say(drains), "a");
    REQUIRE(last.attempts.size() == 1);
    CHECK(last.attempts[0].body->kind == JobKind::finish);
    CHECK(slots_of("run") == 2);
    CHECK(broker.find_run("run")->slots_on(2).size() == 1);
}

TEST_CASE_FIXTURE(
    OneBroker,
    "what a worker had that has left in order runs elsewhere at once, and is not blamed") {
    come("a", 1);
    come("b", 1);
    submit("run", {.slots = 1});
    Status gone = status({{{1, 1}, 0, {Ended{.end = End::returned}}}}, "a", 0);
    gone.drains = true;
    say(gone);
    const Run& run = *broker.find_run("run");
    CHECK(run.slots().size() == 1);
    CHECK(run.jobs().begin()->second.losses == 0);
    CHECK(run.slots().begin()->second.worker == 2);
}

TEST_CASE_FIXTURE(OneBroker,
                  "a worker where jobs of several projects died is left out for a while") {
    const auto die = [&](std::uint64_t run) {
        const std::string number = std::to_string(run);
        broker.receive(now, "client", Submit{.run = "run" + number, .order = {.project = number}});
        const AttemptId id{run << 32 | 1, 1};
        say(status({{id, 0, {Ended{.end = End::lost, .text = "its interpreter died"}}}}));
        broker.receive(now, "client", Cancel{"run" + std::to_string(run)});
        now += std::chrono::seconds(3);
    };
    say(status());
    for (std::uint64_t run = 0; run < 3; ++run) die(run);
    say(status());
    submit("last");
    CHECK(slots_of("last") == 0);
    now += Incidents::pause_least - std::chrono::seconds(4);
    say(status());
    CHECK(slots_of("last") == 0);
    now += std::chrono::seconds(2);
    say(status());
    broker.advance(now);
    CHECK(slots_of("last") == 1);
}
