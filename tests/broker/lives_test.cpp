// A broker that keeps what it did, and another one that takes it up.
#include <algorithm>
#include <optional>

#include <doctest/doctest.h>

#include "tests/broker/one_broker.hpp"

namespace xgrid::broker {
namespace {

struct Lives {
    std::optional<Broker> broker;
    std::vector<JournalEntry> journal;
    Instant now = Instant() + std::chrono::hours(1);
    std::uint64_t life = 0;
    std::uint64_t said = 0;

    Lives() { live(); }

    Effects live() {
        broker.emplace("token", Settings{.journal = true});
        return kept(broker->restore(now, ++life, 0, std::vector(journal)));
    }
    Effects kept(Effects effects) {
        journal.insert(journal.end(), effects.journal.begin(), effects.journal.end());
        return effects;
    }
    Effects receive(const PeerId& from, const Message& message) {
        return kept(broker->receive(now, from, message));
    }
    Effects wait(Duration time) { return kept(broker->advance(now += time)); }
    Effects submit(bool stays = true) {
        return receive("client", Submit{.run = "run", .order = {.stays = stays}});
    }
    /// The worker's next status.
    Effects say(std::vector<AttemptStatus> attempts = {}) {
        return receive("worker's peer", Status{.session = "worker",
                                               .number = ++said,
                                               .broker = "token",
                                               .slots = 2,
                                               .attempts = std::move(attempts)});
    }
    template <class T>
    std::size_t count() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            journal, [](const auto& entry) { return std::holds_alternative<T>(entry); }));
    }
    /// A run whose only slot has listed a unit, and runs it.
    void begin() {
        say();
        submit();
        say({{{1, 1}, 0, {SlotBegan{}, UnitsNamed{{"a"}}, Ended{}}}});
    }
};

TEST_CASE_FIXTURE(Lives, "the next life has the same attempts, and goes on with them") {
    begin();
    say({{{2, 1}, 0, {TestsFound{.tests = {{"x"}, {"y"}}}, Started{0}}}});
    const Orders before = orders_in(wait(std::chrono::seconds(1)));
    live();
    const Orders after = orders_in(say({{{2, 1}, 2, {}}}));
    CHECK(after.attempts == before.attempts);
    CHECK(after.broker == before.broker);
    CHECK(after.number > before.number);
    say({{{2, 1}, 2, {Finished{0, {}}, Started{1}, Finished{1, {}}, Ended{}}}});
    CHECK(broker->find("run")->verdicts().at(Outcome::passed) == 2);
}

TEST_CASE_FIXTURE(Lives, "a worker that does not come back is lost after its lease, once") {
    begin();
    live();
    wait(Settings{}.worker_lease - Duration(1));
    CHECK(broker->find("run")->live_slots() == 1);
    CHECK(count<WorkerGone>() == 0);
    wait(Duration(1));
    CHECK(broker->find("run")->live_slots() == 0);
    CHECK(count<WorkerGone>() == 1);
    live();
    CHECK(broker->find("run")->live_slots() == 0);
    wait(Settings{}.worker_lease);
    CHECK(count<WorkerGone>() == 1);
}

TEST_CASE_FIXTURE(Lives,
                  "a run that stays goes on without anybody, and is told of when it is over") {
    begin();
    wait(Settings{}.client_lease / 2);
    for (int i = 0; i < 10; ++i) {
        say();
        wait(std::chrono::seconds(9));
    }
    CHECK(!broker->find("run")->over());
    CHECK(count<RunOver>() == 0);
    receive("another", Cancel{"run"});
    CHECK(count<RunOver>() == 1);
    wait(Settings{}.client_lease);
    CHECK(broker->runs() == 0);
    submit();  // an echo
    CHECK(broker->runs() == 0);
    live();
    CHECK(broker->runs() == 0);
    CHECK(count<RunOver>() == 1);
}

TEST_CASE_FIXTURE(Lives, "a run that goes with its client is not kept") {
    say();
    submit(false);
    say({{{1, 1}, 0, {SlotBegan{}}}});
    CHECK(journal.empty());
}

TEST_CASE_FIXTURE(Lives, "several follow a run, each from where it is") {
    begin();
    const std::uint64_t size = broker->find("run")->events().size();
    REQUIRE(size > 1);
    for (const PeerId peer : {"late", "later"}) {
        const auto attached = sent<Attached>(receive(peer, Attach{"ru"}), peer);
        REQUIRE(attached.size() == 1);
        CHECK(attached[0].run == "run");
        const auto all = sent<Progress>(receive(peer, Follow{"run", 0}), peer);
        REQUIRE(all.size() == 1);
        CHECK(all[0].events.size() == size);
    }
    const Effects news = say({{{2, 1}, 0, {TestsFound{.tests = {{"x"}}}, Started{0}}}});
    for (const PeerId peer : {"client", "late", "later"}) {
        REQUIRE(sent<Progress>(news, peer).size() == 1);
        CHECK(sent<Progress>(news, peer)[0].first == size);
    }
    CHECK(sent<UnknownRun>(receive("x", Attach{"rx"}), "x").size() == 1);
}

TEST_CASE_FIXTURE(Lives, "a run that cannot be taken up where it was is over, and says why") {
    begin();
    // As if a broker of another version had handed out other jobs.
    for (JournalEntry& entry : journal) {
        auto* step = std::get_if<RunStep>(&entry);
        auto* scheduled = step == nullptr ? nullptr : std::get_if<Scheduled>(&step->step);
        if (scheduled != nullptr) scheduled->next_job += 5;
    }
    live();
    CHECK(broker->runs() == 0);
    const auto& over = std::get<RunOver>(journal.back());
    CHECK(over.summary.end->end == RunEnd::grid_failed);
    CHECK(over.summary.end->reason.find("another version") != std::string::npos);
    CHECK(over.events.back() == Event{*over.summary.end});
}

}  // namespace
}  // namespace xgrid::broker
