// What a test costs the broker, which should be the same however many workers there are, as each
// has only its own part in it; and what a large grid costs as a whole.
//
//   finish a job     a worker says that its job is done, with one test finished; the broker records
//                    it, tells the client, and gives that worker its next job
//   finish a test    the same of one of many tests of a job, near the end of a run: half of the
//                    slots are idle, and nothing waits
//   begin a run      from the submission until every worker has a job; two units for each
#include <chrono>
#include <optional>
#include <utility>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "broker/broker.hpp"
#include "shared/ensure.hpp"

namespace {

using namespace xgrid;
using broker::Effects;

constexpr std::size_t tests_of_many = 200;

struct Place {
    std::string session;
    std::uint64_t number = 0;
    std::vector<AttemptId> held;  // the one that runs first
};

// Workers of one slot each that say what the broker wants to hear.
class Grid {
public:
    explicit Grid(std::size_t workers) : places_(workers) {
        for (std::size_t i = 0; i < workers; ++i) {
            places_[i].session = fmt::format("worker-{}", i);
            step(i, {});
        }
    }

    // From the submission until each worker holds a job.
    void begin() {
        const auto slots = static_cast<std::uint32_t>(places_.size());
        take(broker_.receive(now_, "client", Submit{.run = "run", .spec = {.slots = slots}}));
        name_units(2 * places_.size());
    }

    void finish_a_job() {
        if (waiting() < 3 * places_.size()) name_units(10 * places_.size() + 10'000);
        step(next(), {TestsFound{{{"test_x"}}}, Finished{0}, Ended{}});
        follow();
    }

    // Nothing waits; of two slots one is idle, and one is at a unit of many tests.
    void leave_half_idle() {
        const std::size_t lists = lister();
        says(lists, lister_, {Ended{}});
        for (std::size_t i = 1; i < places_.size(); i += 2) {
            step(i, {TestsFound{std::vector<TestName>(tests_of_many, {"test_x"})}});
        }
        for (std::size_t i = 0; i < places_.size(); i += 2) {
            while (!places_[i].held.empty()) {
                step(i, {TestsFound{{{"test_x"}}}, Finished{0}, Ended{}});
            }
        }
        ensure(waiting() == 0, "all units are with slots, or done");
        follow();
    }

    // False: there are no more.
    bool finish_a_test() {
        if (next() % 2 == 0) next();
        const std::size_t turn = steps_ / (places_.size() / 2);
        if (turn >= tests_of_many) return false;
        step(next_, {Finished{static_cast<std::uint32_t>(turn)}});
        follow();
        return true;
    }

    std::uint64_t events() const { return events_; }
    std::size_t slots() const { return broker_.find_run("run")->live_slots(); }
    std::size_t waiting() const { return broker_.find_run("run")->waiting().size(); }

private:
    std::size_t next() { return next_ = (next_ + 1) % places_.size(); }

    // What a client does; else the broker keeps all events.
    void follow() {
        if (++steps_ % 1000 == 0) take(broker_.receive(now_, "client", Follow{"run", events_}));
    }

    void name_units(std::size_t count) {
        UnitsNamed named;
        for (std::size_t i = 0; i < count; ++i) {
            named.units.push_back(fmt::format("tests/test_{}.py", units_++));
        }
        const std::size_t lists = lister();
        says(lists, lister_, {std::move(named)});
    }

    std::size_t lister() {
        for (std::size_t i = 0; i < places_.size(); ++i) {
            for (const AttemptId& id : places_[i].held) {
                if (id.job == 1) {
                    lister_ = id;
                    return i;
                }
            }
        }
        ensure(false, "one slot enumerates");
        return 0;
    }

    void step(std::size_t place, std::vector<Fact> facts) {
        std::vector<AttemptId>& held = places_[place].held;
        // The one who enumerates does nothing else.
        if (!held.empty() && held.front().job == 1) return says(place, held.front(), {});
        says(place, held.empty() ? AttemptId{} : held.front(), std::move(facts));
    }

    void says(std::size_t place, AttemptId about, std::vector<Fact> facts) {
        Place& from = places_[place];
        Status status{.session = from.session,
                      .number = ++from.number,
                      .broker = "token",
                      .slots = 1,
                      .host = "host",
                      .runs = {"run"}};
        for (const AttemptId& id : from.held) {
            AttemptStatus& said = status.attempts.emplace_back(AttemptStatus{.id = id});
            if (id == about) {
                const broker::Job* job = broker_.find_run("run")->find(id.job);
                said.first = job == nullptr ? 0 : job->attempt->recorded;
                said.facts = std::move(facts);
            }
        }
        now_ += std::chrono::microseconds(1);
        take(broker_.receive(now_, std::to_string(place), status));
    }

    void take(const Effects& effects) {
        for (const broker::Send& send : effects.send) {
            if (const auto* orders = std::get_if<Orders>(&send.message)) {
                Place& place = places_[std::stoul(send.peer)];
                place.held.clear();
                for (const AttemptOrders& order : orders->attempts) place.held.push_back(order.id);
            } else if (const auto* progress = std::get_if<Progress>(&send.message)) {
                events_ = progress->first + progress->events.size();
            }
        }
    }

    Instant now_ = Instant() + std::chrono::hours(1);
    broker::Broker broker_{"token", {.worker_lease = std::chrono::hours(9)}};
    std::vector<Place> places_;
    AttemptId lister_;
    std::size_t next_ = 0;
    std::uint64_t units_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t steps_ = 0;
};

void finishes_a_job(benchmark::State& state) {
    Grid grid(static_cast<std::size_t>(state.range(0)));
    grid.begin();
    for (auto _ : state) grid.finish_a_job();
    ensure(grid.slots() == static_cast<std::size_t>(state.range(0)), "all slots are at work");
    state.SetItemsProcessed(state.iterations());
}

void finishes_a_test(benchmark::State& state) {
    std::optional<Grid> grid;
    for (auto _ : state) {
        if (grid && grid->finish_a_test()) continue;
        state.PauseTiming();
        grid.emplace(static_cast<std::size_t>(state.range(0)));
        grid->begin();
        grid->leave_half_idle();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations());
}

void begins_a_run(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        std::optional<Grid> grid(std::in_place, static_cast<std::size_t>(state.range(0)));
        state.ResumeTiming();
        grid->begin();
        state.PauseTiming();
        ensure(grid->slots() == static_cast<std::size_t>(state.range(0)), "every slot is in use");
        grid.reset();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* about) {
    about->ArgName("workers")->Arg(10)->Arg(1'000)->Arg(10'000);
}

BENCHMARK(finishes_a_job)->Name("broker/finish a job")->Apply(sizes);
BENCHMARK(finishes_a_test)->Name("broker/finish a test")->Apply(sizes);
BENCHMARK(begins_a_run)->Name("broker/begin a run")->Apply(sizes)->Unit(benchmark::kMillisecond);

}  // namespace
