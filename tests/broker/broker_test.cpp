// The broker and its clients. Workers: broker_workers_test.cpp.
#include "tests/broker/one_broker.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

// A run, and a worker whose slot has begun to list it.
struct Listing : OneBroker {
    Listing() {
        say(status());
        submit("run");
        say(status({{{1, 1}, 0, {SlotBegan{}, Noted{"one"}}}}));
    }

    std::size_t events_in(const Effects& effects, const PeerId& peer = "client") {
        std::size_t events = 0;
        for (const Progress& progress : sent<Progress>(effects, peer)) {
            events += progress.events.size();
        }
        return events;
    }
};

}  // namespace

TEST_CASE_FIXTURE(OneBroker, "a new connection is welcomed in the broker's name") {
    const Effects effects = broker.connect(now, "anyone");
    CHECK(sent<Welcome>(effects, "anyone") == std::vector{Welcome{"token"}});
}

TEST_CASE_FIXTURE(OneBroker, "what only a broker says is refused, and so is what is no message") {
    for (const Message& message :
         std::vector<Message>{Orders{}, Progress{}, Welcome{}, Refusal{}}) {
        const Effects effects = broker.receive(now, "anyone", message);
        REQUIRE(effects.send.size() == 1);
        CHECK(sent<Refusal>(effects, "anyone").size() == 1);
    }
    const Effects effects = broker.refuse("anyone", "not a message");
    CHECK(sent<Refusal>(effects, "anyone") == std::vector{Refusal{"not a message"}});
}

TEST_CASE_FIXTURE(OneBroker, "a run that is submitted twice is one run, as it was first") {
    submit("run", {.slots = 2});
    submit("run", {.slots = 5});
    CHECK(broker.runs() == 1);
    REQUIRE(broker.find_run("run") != nullptr);
    CHECK(broker.find_run("run")->spec().slots == 2);
    CHECK(broker.find_run("other") == nullptr);
}

TEST_CASE_FIXTURE(OneBroker, "a run that the broker does not know may be submitted") {
    CHECK(sent<UnknownRun>(broker.receive(now, "client", Follow{"run"}), "client") ==
          std::vector{UnknownRun{"run"}});
    CHECK(broker.receive(now, "client", Cancel{"run"}).send.empty());  // a follow goes with it
    CHECK(broker.runs() == 0);
}

TEST_CASE_FIXTURE(Listing, "a client hears of what happens at once, and of each event once") {
    const Effects effects = say(status({{{1, 1}, 0, {SlotBegan{}, Noted{"one"}, Noted{"two"}}}}));
    const auto progress = sent<Progress>(effects, "client");
    REQUIRE(progress.size() == 1);
    CHECK(progress[0].run == "run");
    CHECK(progress[0].first == 2);
    CHECK(progress[0].events == std::vector<Event>{NoteSeen{"gw0", "two"}});
}

TEST_CASE_FIXTURE(Listing,
                  "a client that has heard nothing new since its last word hears it again") {
    CHECK(events_in(follow(1)) == 0);
    const auto again = sent<Progress>(follow(1), "client");
    REQUIRE(again.size() == 1);
    CHECK(again[0].first == 1);
    CHECK(again[0].events == std::vector<Event>{NoteSeen{"gw0", "one"}});
}

TEST_CASE_FIXTURE(Listing, "a client on a new connection hears all that it has not recorded") {
    follow(1);
    const Effects effects = submit("run", {}, "new connection");
    CHECK(events_in(effects, "new connection") == 1);
    CHECK(events_in(effects) == 0);
    CHECK(events_in(submit("run", {}, "new connection"), "new connection") == 0);
}

TEST_CASE_FIXTURE(Listing, "a client hears that its broker is there, also without news") {
    const auto progress = sent<Progress>(follow(2), "client");
    CHECK(progress == std::vector{Progress{"run", 2}});
}

TEST_CASE_FIXTURE(Listing, "a run that is cancelled ends for its client and for its workers") {
    const Effects effects = broker.receive(now, "client", Cancel{"run"});
    const auto progress = sent<Progress>(effects, "client");
    REQUIRE(progress.size() == 1);
    CHECK(progress[0].events.back() == Event{RunFinished{RunEnd::cancelled, 2, "cancelled"}});
    const Orders told = orders_in(effects);
    CHECK(told.runs.empty());
    CHECK(told.attempts.empty());
}

TEST_CASE_FIXTURE(Listing,
                  "a run that is over is forgotten once its client has recorded all of it") {
    broker.receive(now, "client", Cancel{"run"});
    follow(2);
    CHECK(broker.runs() == 1);
    follow(4);
    CHECK(broker.runs() == 0);
    CHECK(sent<UnknownRun>(follow(4), "client").size() == 1);
    CHECK(sent<Orders>(wait(settings.heartbeat), "worker's peer").size() == 1);
}

TEST_CASE_FIXTURE(Listing, "a run that goes on is kept, however much of it is recorded") {
    follow(2);
    CHECK(broker.runs() == 1);
}

TEST_CASE_FIXTURE(OneBroker, "a client that is silent for a lease is gone: its run is cancelled") {
    submit("run");
    wait(settings.client_lease - Duration(1));
    CHECK(broker.runs() == 1);
    CHECK(broker.next_deadline() == now + Duration(1));
    const auto progress = sent<Progress>(wait(Duration(1)), "client");
    REQUIRE(progress.size() == 1);
    CHECK(progress[0].events.back() == Event{RunFinished{RunEnd::cancelled, 2, "cancelled"}});
    wait(settings.heartbeat);
    CHECK(broker.runs() == 0);
    CHECK(broker.next_deadline() == never);
}

TEST_CASE_FIXTURE(OneBroker, "each word of a client extends its lease") {
    submit("run");
    wait(settings.client_lease / 2);
    follow(0);
    wait(settings.client_lease / 2);
    submit("run");
    wait(settings.client_lease - Duration(1));
    CHECK(!broker.find_run("run")->over());
}

TEST_CASE_FIXTURE(Listing, "an early call changes nothing") {
    follow(2);
    wait(settings.receipt_delay);
    const Instant deadline = broker.next_deadline();
    CHECK(deadline == now + settings.heartbeat);
    CHECK(wait(settings.heartbeat - Duration(1)).send.empty());
    CHECK(broker.next_deadline() == deadline);
    CHECK(!wait(Duration(1)).send.empty());
}

TEST_CASE_FIXTURE(OneBroker, "a client that leaves takes its own run along, and no other") {
    say(status());
    submit("a");
    submit("b");
    wait(settings.client_lease / 2);
    say(status());
    broker.receive(now, "client", Follow{"b"});
    for (int i = 0; i < 2; ++i) wait(settings.client_lease / 2 - Duration(i));
    CHECK(broker.find_run("a") == nullptr);
    REQUIRE(broker.find_run("b") != nullptr);
    CHECK(!broker.find_run("b")->over());
}
