// What is published to workers that listen, and what is sent when they do not hear it.
#include "tests/broker/one_broker.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

const std::string own = topic_of_session("worker");
const std::string all = topic_of_labels({});

// What was published there.
std::vector<Publication> published(const Effects& effects, const std::string& topic) {
    std::vector<Publication> found;
    for (const Publication& one : effects.publish) {
        if (one.topic == topic) found.push_back(one);
    }
    return found;
}

const Orders& orders_of(const Publication& publication) {
    return std::get<Orders>(publication.message);
}

bool sends_orders(const Effects& effects) {
    return !sent<Orders>(effects, "worker's peer").empty();
}

// A broker that publishes. A worker listens to both of its topics.
struct Publishing : OneBroker {
    Publishing() {
        settings.topics = "somewhere";
        broker = Broker("token", settings);
    }

    void listen() {
        broker.subscribed(own);
        broker.subscribed(all);
    }

    static RunSpec spec_of_each() {
        return {.environments = {{.name = "a", .slots = 2}, {.name = "b"}}, .each = true};
    }

    /// Of that run, for a worker that has come.
    Effects submit_each(const std::string& run = "run") { return submit(run, spec_of_each()); }

    /// The worker says that it has heard this, and which runs it has heard of.
    Effects acknowledge(std::map<std::string, std::uint64_t> heard,
                        std::vector<std::string> runs = {"run"}) {
        Status next = status({}, "worker", 2);
        next.heard = std::move(heard);
        next.runs = std::move(runs);
        return say(next);
    }
};

// ... and a run of each environment has been published to it.
struct Published : Publishing {
    Effects first;
    std::uint64_t number = 0;

    Published() {
        listen();
        come("worker", 2);
        first = submit_each();
        REQUIRE(published(first, own).size() == 1);
        number = published(first, own)[0].number;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Published, "orders of a run of each environment are published, and not sent") {
    CHECK(!sends_orders(first));
    const Orders orders = orders_of(published(first, own)[0]);
    CHECK(orders.session == "worker");
    REQUIRE(orders.runs.size() == 1);
    CHECK(orders.runs[0].slots.size() == 2);
    REQUIRE(orders.attempts.size() == 2);
    CHECK(orders.attempts[0].environment == 0);
    CHECK(orders.attempts[1].environment == 1);
}

TEST_CASE_FIXTURE(Published, "a run is announced to all workers first, and to each without it") {
    REQUIRE(published(first, all).size() == 1);
    const Publication announced = published(first, all)[0];
    CHECK(announced.number < number);
    CHECK(first.publish[0].topic == all);
    CHECK(orders_of(announced).session.empty());
    CHECK(orders_of(announced).attempts.empty());
    REQUIRE(orders_of(announced).runs.size() == 1);
    CHECK(orders_of(announced).runs[0].spec == spec_of_each());
    CHECK(!orders_of(published(first, own)[0]).runs[0].spec);
}

TEST_CASE_FIXTURE(Published, "what is heard in time is not sent, and is published at a heartbeat") {
    acknowledge({{own, number}, {all, number - 1}});
    const Effects later = wait(settings.topic_patience);
    CHECK(!sends_orders(later));
    CHECK(later.publish.empty());
    const Effects beat = wait(settings.heartbeat);
    CHECK(!sends_orders(beat));
    REQUIRE(published(beat, own).size() == 1);
    CHECK(published(beat, own)[0].number > number);
    CHECK(published(beat, all).empty());
}

TEST_CASE_FIXTURE(Published,
                  "what is not said to be heard in time is sent, with all that it needs") {
    std::map<std::string, std::uint64_t> heard;
    SUBCASE("nothing is said") {}
    SUBCASE("an older one was heard") { heard = {{own, number - 1}}; }
    SUBCASE("another topic was heard") { heard = {{"w/another/", number}}; }
    if (!heard.empty()) acknowledge(heard);
    CHECK(!sends_orders(wait(settings.topic_patience - std::chrono::milliseconds(1))));
    const Effects late = wait(std::chrono::milliseconds(1));
    const Orders orders = orders_in(late);
    CHECK(orders.attempts.size() == 2);
    if (heard.empty()) CHECK(orders.runs[0].spec == spec_of_each());
    // It may hear again.
    CHECK(published(late, own).size() == 1);
}

TEST_CASE_FIXTURE(Published, "orders that were heard without their run are sent, with the run") {
    acknowledge({{own, number}}, {});
    CHECK(orders_in(wait(settings.topic_patience)).runs[0].spec == spec_of_each());
}

TEST_CASE_FIXTURE(Published, "a worker that did not hear is sent its orders until it does") {
    wait(settings.topic_patience);
    const Effects beat = wait(settings.heartbeat);
    CHECK(sends_orders(beat));
    REQUIRE(published(beat, own).size() == 1);
    acknowledge({{own, published(beat, own)[0].number}});
    const Effects next = wait(settings.heartbeat);
    CHECK(!sends_orders(next));
    CHECK(published(next, own).size() == 1);
}

TEST_CASE_FIXTURE(Published, "who comes late hears what was announced, under the same number") {
    const Effects late = broker.subscribed(all);
    REQUIRE(late.publish.size() == 1);
    CHECK(late.publish[0].topic == all);
    CHECK(late.publish[0].number == published(first, all)[0].number);
    CHECK(late.publish[0].message == published(first, all)[0].message);
    CHECK(broker.subscribed("l/os=bsd//").publish.empty());
}

TEST_CASE_FIXTURE(Published,
                  "a second run is announced with the first, and alone once that is over") {
    acknowledge({{own, number}, {all, number - 1}});
    come("worker", 6);
    const Effects second = submit_each("second");
    REQUIRE(published(second, all).size() == 1);
    CHECK(orders_of(published(second, all)[0]).runs.size() == 2);
    broker.receive(now, "client", Cancel{"run"});
    follow(broker.find("run")->events().size());
    REQUIRE(broker.find("run") == nullptr);
    const Effects late = broker.subscribed(all);
    REQUIRE(late.publish.size() == 1);
    REQUIRE(orders_of(late.publish[0]).runs.size() == 1);
    CHECK(orders_of(late.publish[0]).runs[0].run == "second");
}

TEST_CASE_FIXTURE(Publishing, "who does not listen is sent its orders at once") {
    SUBCASE("it has not begun") {}
    SUBCASE("it has ended") {
        listen();
        broker.unsubscribed(own);
    }
    come("worker", 2);
    const Effects effects = submit_each();
    CHECK(published(effects, own).empty());
    CHECK(orders_in(effects).runs[0].spec == spec_of_each());
}

TEST_CASE_FIXTURE(Publishing, "a run that is not of each environment is sent, whoever listens") {
    listen();
    come("worker", 2);
    const Effects effects = submit("run");
    CHECK(effects.publish.empty());
    CHECK(orders_in(effects).attempts.size() == 1);
}

TEST_CASE_FIXTURE(Publishing, "who follows another broker is sent its orders, which it will obey") {
    listen();
    Status stranger = status({}, "worker", 2);
    stranger.broker = "another";
    say(stranger);
    const Effects effects = submit_each();
    CHECK(published(effects, own).empty());
    CHECK(sends_orders(effects));
}

TEST_CASE_FIXTURE(OneBroker, "a broker that publishes nowhere sends everything") {
    broker.subscribed(own);
    come("worker", 2);
    const Effects effects = submit("run", Publishing::spec_of_each());
    CHECK(effects.publish.empty());
    CHECK(orders_in(effects).attempts.size() == 2);
}

TEST_CASE_FIXTURE(OneBroker, "environments that ended under another broker get no slot") {
    come("worker", 4);
    Submit again{.run = "run", .spec = Publishing::spec_of_each()};
    again.ended = {{0, RunEnd::completed, 0, ""}};
    const Effects effects = broker.receive(now, "client", again);
    CHECK(broker.find_run("run", 0)->over());
    CHECK(broker.find_run("run", 1)->live_slots() == 1);
    REQUIRE(orders_in(effects).attempts.size() == 1);
    CHECK(orders_in(effects).attempts[0].environment == 1);
}
