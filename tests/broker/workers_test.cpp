#include "broker/workers.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

namespace {

const Instant start = Instant() + std::chrono::hours(1);
constexpr Duration second = std::chrono::seconds(1);
constexpr Duration lease = std::chrono::seconds(10);

struct Fixture {
    Workers workers;
    std::uint64_t number = 0;

    WorkerKey hear(const std::string& session, std::uint32_t slots = 1, Instant now = start,
                   Labels labels = {}) {
        WorkerKey key = 0;
        const Status status{.session = session,
                            .number = ++number,
                            .slots = slots,
                            .host = session + "'s host",
                            .labels = std::move(labels)};
        REQUIRE(workers.hear(now, session + "'s peer", status, key) != nullptr);
        return key;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a session is one worker, on whatever connection it comes") {
    const WorkerKey a = hear("a");
    const WorkerKey b = hear("b");
    CHECK(a != b);
    WorkerKey again = 0;
    const Status status{.session = "a", .number = ++number, .slots = 3, .host = "moved"};
    const Worker* worker = workers.hear(start, "new peer", status, again);
    REQUIRE(worker != nullptr);
    CHECK(again == a);
    CHECK(worker->peer == "new peer");
    CHECK(worker->host == "moved");
    CHECK(worker->slots == 3);
    CHECK(workers.all().size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a status that is no newer than the last changes nothing") {
    const WorkerKey a = hear("a", 2);
    WorkerKey key = 0;
    const Status old{.session = "a", .number = number, .slots = 9, .host = "elsewhere"};
    CHECK(workers.hear(start + lease, "late peer", old, key) == nullptr);
    CHECK(workers.at(a).slots == 2);
    CHECK(workers.at(a).peer == "a's peer");
    CHECK(workers.silent(start + lease, lease).size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "the worker with the most free slots is next, the oldest of equals") {
    CHECK(!workers.freest());
    const WorkerKey a = hear("a", 2);
    const WorkerKey b = hear("b", 3);
    const WorkerKey c = hear("c", 3);
    CHECK(workers.freest() == b);
    workers.take_slots(b, 1);
    CHECK(workers.freest() == c);
    workers.take_slots(c, 2);
    CHECK(workers.freest() == a);
    workers.take_slots(b, 0);
    CHECK(workers.freest() == b);
}

TEST_CASE_FIXTURE(Fixture, "a worker whose slots are all taken is no place") {
    const WorkerKey a = hear("a", 2);
    CHECK(workers.free_slots() == 2);
    workers.take_slots(a, 2);
    CHECK(workers.free_slots() == 0);
    CHECK(!workers.freest());
}

TEST_CASE_FIXTURE(Fixture, "a worker may come to have more slots, or fewer than it uses") {
    const WorkerKey a = hear("a", 2);
    workers.take_slots(a, 2);
    hear("a", 5);
    CHECK(workers.free_slots() == 3);
    CHECK(workers.freest() == a);
    hear("a", 1);
    CHECK(workers.free_slots() == 0);
    CHECK(!workers.freest());
}

TEST_CASE_FIXTURE(Fixture, "a new worker's orders are due at once, and only once planned again") {
    const WorkerKey a = hear("a");
    CHECK(workers.due(start) == std::vector{a});
    workers.plan_orders(a, start + second);
    CHECK(workers.due(start).empty());
    CHECK(workers.next_deadline(lease) == start + second);
    CHECK(workers.due(start + second) == std::vector{a});
    workers.plan_orders(a, never);
    CHECK(workers.due(start + lease).empty());
}

TEST_CASE_FIXTURE(Fixture, "orders are due in the order of their times") {
    const WorkerKey a = hear("a");
    const WorkerKey b = hear("b");
    workers.plan_orders(a, start + 3 * second);
    workers.plan_orders(b, start + second);
    CHECK(workers.due(start + 2 * second) == std::vector{b});
    CHECK(workers.due(start + 3 * second) == std::vector{b, a});
}

TEST_CASE_FIXTURE(Fixture, "a worker is silent once nothing was heard of it for a lease") {
    const WorkerKey a = hear("a");
    const WorkerKey b = hear("b");
    hear("b", 1, start + second);
    CHECK(workers.silent(start + lease - Duration(1), lease).empty());
    CHECK(workers.silent(start + lease, lease) == std::vector{a});
    CHECK(workers.silent(start + lease + second, lease) == std::vector{a, b});
}

TEST_CASE_FIXTURE(Fixture, "the next deadline is when orders are due or a lease ends") {
    CHECK(workers.next_deadline(lease) == never);
    const WorkerKey a = hear("a");
    workers.plan_orders(a, never);
    CHECK(workers.next_deadline(lease) == start + lease);
    workers.plan_orders(a, start + second);
    CHECK(workers.next_deadline(lease) == start + second);
}

TEST_CASE_FIXTURE(Fixture,
                  "nothing is left of a worker that was removed; its session comes as new") {
    const WorkerKey a = hear("a", 4);
    workers.remove(a);
    CHECK(workers.all().empty());
    CHECK(workers.free_slots() == 0);
    CHECK(!workers.freest());
    CHECK(workers.next_deadline(lease) == never);
    CHECK(hear("a", 4) != a);
}

// ---- Labels

namespace {

const Labels bsd{{"os", "bsd"}};
const Labels fast{{"disk", "fast"}};
const Labels fast_bsd{{"disk", "fast"}, {"os", "bsd"}};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a place is with a worker that has all labels that are asked for") {
    hear("any", 9);
    const WorkerKey a = hear("a", 1, start, bsd);
    CHECK(workers.freest(bsd) == a);
    CHECK(!workers.freest(fast_bsd));
    CHECK(!workers.freest({{"os", "linux"}}));
    const WorkerKey b = hear("b", 2, start, fast_bsd);
    CHECK(workers.freest(fast_bsd) == b);
    CHECK(workers.freest(fast) == b);
    // Labels beyond those do not matter.
    CHECK(workers.freest(bsd) == b);
    workers.take_slots(b, 1);
    CHECK(workers.freest(bsd) == a);
    workers.take_slots(a, 1);
    workers.take_slots(b, 2);
    CHECK(!workers.freest(bsd));
    CHECK(workers.freest());
}

TEST_CASE_FIXTURE(Fixture, "free slots are counted of those that have all labels") {
    hear("any", 4);
    const WorkerKey a = hear("a", 2, start, bsd);
    hear("b", 1, start, fast_bsd);
    CHECK(workers.free_slots() == 7);
    CHECK(workers.free_slots({}) == 7);
    CHECK(workers.free_slots(bsd) == 3);
    CHECK(workers.free_slots(fast_bsd) == 1);
    CHECK(workers.free_slots({{"os", "linux"}}) == 0);
    workers.take_slots(a, 2);
    CHECK(workers.free_slots(bsd) == 1);
    workers.remove(a);
    CHECK(workers.free_slots(bsd) == 1);
    CHECK(workers.free_slots() == 5);
}

TEST_CASE_FIXTURE(Fixture, "a worker whose labels change is found by those that it has now") {
    const WorkerKey a = hear("a", 3, start, bsd);
    workers.take_slots(a, 1);
    hear("a", 3, start, fast);
    CHECK(!workers.freest(bsd));
    CHECK(workers.free_slots(bsd) == 0);
    CHECK(workers.freest(fast) == a);
    CHECK(workers.free_slots(fast) == 2);
    CHECK(workers.free_slots() == 2);
}

TEST_CASE_FIXTURE(Fixture,
                  "workers that are called the same are told apart, the first by its name alone") {
    const auto called = [&](const std::string& session, const std::string& name) {
        WorkerKey key = 0;
        const Status status{
            .session = session, .number = ++number, .slots = 1, .host = "host", .name = name};
        workers.hear(start, session + "'s peer", status, key);
        return key;
    };
    const WorkerKey a = called("a", "anvil");
    const WorkerKey b = called("b", "anvil");
    const WorkerKey c = called("c", "anvil");
    CHECK(workers.at(a).name == "anvil");
    CHECK(workers.at(b).name == "anvil-2");
    CHECK(workers.at(c).name == "anvil-3");
    workers.remove(a);
    CHECK(workers.at(b).name == "anvil");
    CHECK(workers.at(c).name == "anvil-2");
    called("b", "bellows");
    CHECK(workers.at(b).name == "bellows");
    CHECK(workers.at(c).name == "anvil");
    CHECK(workers.at(called("d", "")).name == "host");
}

TEST_CASE_FIXTURE(Fixture, "a worker is found by its name, beside its labels") {
    const WorkerKey a = hear("a", 2, start, {{"os", "linux"}});
    hear("b", 3, start, {{"os", "linux"}});
    CHECK(workers.freest({{"name", "a's host"}}) == a);
    CHECK(workers.freest({{"name", "a's host"}, {"os", "linux"}}) == a);
    CHECK(!workers.freest({{"name", "a's host"}, {"os", "other"}}));
    CHECK(!workers.freest({{"name", "a"}}));
    CHECK(workers.free_slots({{"name", "a's host"}}) == 2);
    workers.take_slots(a, 2);
    CHECK(!workers.freest({{"name", "a's host"}}));
    CHECK(workers.free_slots({{"name", "a's host"}}) == 0);
}

TEST_CASE_FIXTURE(Fixture, "a label may have several values, and each of them will do") {
    const WorkerKey a = hear("a", 2, start, {{"python", "3.9,3.11"}});
    CHECK(workers.freest({{"python", "3.11"}}) == a);
    CHECK(workers.free_slots({{"python", "3.9"}}) == 2);
    CHECK(!workers.freest({{"python", "3.1"}}));
}

TEST_CASE_FIXTURE(Fixture,
                  "a worker that takes nothing new has no free slot, until it does again") {
    const auto say = [&](const std::string& trouble, bool drains) {
        WorkerKey key = 0;
        const Status status{
            .session = "a", .number = ++number, .slots = 2, .trouble = trouble, .drains = drains};
        workers.hear(start, "peer", status, key);
        return key;
    };
    const WorkerKey a = say("", false);
    CHECK(workers.free_slots() == 2);
    say("its disk is full", false);
    CHECK(workers.free_slots() == 0);
    CHECK(!workers.freest());
    say("", false);
    CHECK(workers.freest() == a);
    say("", true);
    CHECK(!workers.freest());
    say("", false);
    workers.suspend(a, start + lease, "it was lost too often");
    CHECK(workers.free_slots() == 0);
    CHECK(trouble_of(workers.at(a)) == "it was lost too often");
    CHECK(workers.next_deadline(lease) <= start + lease);
    workers.end_suspensions(start + lease - second);
    CHECK(workers.free_slots() == 0);
    workers.end_suspensions(start + lease);
    CHECK(workers.free_slots() == 2);
    workers.suspend(a, start + lease, "again");
    workers.remove(a);
    workers.end_suspensions(start + lease);
    CHECK(workers.all().empty());
}
