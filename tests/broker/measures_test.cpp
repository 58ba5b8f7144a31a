#include "broker/measures.hpp"

#include <numeric>
#include <utility>

#include "tests/broker/one_broker.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

std::uint64_t count(const Histogram& histogram) {
    return std::accumulate(histogram.counts().begin(), histogram.counts().end(), std::uint64_t{0});
}

// One that keeps what its broker wants to be kept.
struct Measured : OneBroker {
    Measured() { settings.journal = true; }

    void take(Effects effects) {
        for (JournalEntry& entry : effects.journal) journal.push_back(std::move(entry));
    }
    void submit_kept(const std::string& run) {
        take(kept.receive(now, "client", Submit{.run = run, .order = {.stays = true}}));
    }
    void hear(std::vector<AttemptStatus> attempts = {}) {
        take(kept.receive(now, "worker's peer", status(std::move(attempts))));
    }

    Broker kept{"token", {.journal = true}};
    std::vector<JournalEntry> journal;
};

const AttemptId first_job{1, 1};

}  // namespace

TEST_CASE_FIXTURE(Measured, "a run's wait for its first slot is timed once") {
    submit_kept("run");
    CHECK(kept.measures().runs_begun == 1);
    CHECK(kept.counts().runs_waiting == 1);
    CHECK(kept.counts().jobs_waiting == 1);
    now += std::chrono::seconds(3);
    hear();
    CHECK(count(kept.measures().first_slot) == 1);
    CHECK(kept.measures().first_slot.sum() == 3);
    CHECK(kept.counts().runs_running == 1);
    CHECK(kept.counts().jobs_held == 1);
    CHECK(kept.counts().jobs_waiting == 0);
}

TEST_CASE_FIXTURE(Measured, "the first sign of a job that went to an idle slot ends its wait") {
    submit_kept("run");
    hear();
    now += std::chrono::milliseconds(40);
    hear({{first_job, 0, {SlotBegan{}}}});
    CHECK(count(kept.measures().job_began) == 1);
    CHECK(kept.measures().job_began.sum() == doctest::Approx(0.04));
    now += std::chrono::milliseconds(40);
    hear({{first_job, 1, {UnitsNamed{{"a"}}}}});
    CHECK(count(kept.measures().job_began) == 1);
}

TEST_CASE_FIXTURE(Measured, "verdicts and ends are counted, and a restart counts none again") {
    submit_kept("run");
    hear();
    hear({{first_job, 0, {SlotBegan{}, UnitsNamed{{"a"}}, Ended{}}}});
    const Run& run = *kept.find_run("run");
    REQUIRE(run.jobs().size() == 1);
    const AttemptId job{run.jobs().begin()->first, 1};
    hear({{job, 0, {TestsFound{{{"one"}, {"two"}}}, Finished{0, {}}}}});
    CHECK(kept.measures().verdicts.at(Outcome::passed) == 1);

    Broker again("token", {.journal = true});
    again.restore(now, 2, 1, journal);
    CHECK(again.find("run")->verdicts().at(Outcome::passed) == 1);
    CHECK(count(again.measures().first_slot) == 0);
    CHECK(count(again.measures().job_began) == 0);
    CHECK(again.measures().verdicts.at(Outcome::passed) == 0);
    again.receive(now, "client", Cancel{"run"});
    again.advance(now + std::chrono::minutes(5));
    CHECK(again.measures().runs_over.at(RunEnd::cancelled) == 1);
}
