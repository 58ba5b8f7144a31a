// One run without its broker: slots are given to it, and what they do is said, by hand.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "broker/run.hpp"

namespace xgrid::broker {

struct OneRun {
    Settings settings;
    std::uint64_t next_job = 1;
    Instant now = Instant() + std::chrono::hours(1);
    std::size_t places = 0;     // where more slots could start
    std::size_t there = 0;      // ... where a unit waits for them
    std::size_t elsewhere = 0;  // ... on others than the avoided worker
    std::vector<Event> told;
    Run run;

    explicit OneRun(RunSpec spec = {.slots = 4, .crashes_max = 9}, std::vector<DoneTest> done = {},
                    Settings changed = {})
        : settings(changed), run("run", std::move(spec), std::move(done), next_job, settings) {}

    void add_slot(WorkerKey worker = 1, std::uint32_t environment = 0) {
        run.add_slot(worker, environment);
        run.schedule(now, places, there, elsewhere);
    }

    /// The job that the slot runs, or one behind it.
    const Job& held(SlotKey slot, std::size_t place = 0) const {
        REQUIRE(run.slots().contains(slot));
        REQUIRE(run.slots().at(slot).jobs.size() > place);
        return *run.find(run.slots().at(slot).jobs[place]);
    }

    std::size_t jobs_of(SlotKey slot) const { return run.slots().at(slot).jobs.size(); }

    void say(SlotKey slot, const Fact& fact, std::size_t place = 0) {
        const Job& job = held(slot, place);
        run.record(now, {job.id, job.attempt->number}, fact, "host");
        run.schedule(now, places, there, elsewhere);
    }

    /// The first slot lists these units and is done with that. Each slot, on a worker of its own,
    /// begins; the idle ones get their jobs before the first one does.
    void list(std::vector<std::string> units, SlotKey slots = 1) {
        for (SlotKey slot = 0; slot < slots; ++slot) add_slot(slot + 1);
        say(0, SlotBegan{});
        say(0, UnitsNamed{std::move(units)});
        for (SlotKey slot = 1; slot < slots; ++slot) say(slot, SlotBegan{});
        say(0, Ended{});
    }

    /// The slot has loaded its unit; the tests are called as their places: 0, 1, ...
    void load(SlotKey slot, std::size_t tests) {
        TestsFound found;
        for (std::size_t i = 0; i < tests; ++i) found.tests.push_back({std::to_string(i)});
        say(slot, found);
    }

    void lose_worker(WorkerKey worker = 1) {
        run.lose_worker(now, worker, "lost");
        run.schedule(now, places, there, elsewhere);
    }

    void wait(Duration time) {
        now += time;
        run.advance(now);
        run.schedule(now, places, there, elsewhere);
    }

    /// What the slots hold ends, until none is left.
    void end_all() {
        while (run.live_slots() > 0) say(run.slots().begin()->first, Ended{});
    }

    /// All events of a kind so far.
    template <class T>
    std::vector<T> events() {
        std::vector<T> found;
        for (Event& event : run.take_events()) told.push_back(std::move(event));
        for (const Event& event : told) {
            if (const auto* one = std::get_if<T>(&event)) found.push_back(*one);
        }
        return found;
    }

    RunFinished end() {
        REQUIRE(events<RunFinished>().size() == 1);
        return events<RunFinished>()[0];
    }
};

inline Fact failed(std::uint32_t test) { return Finished{test, {.outcome = Outcome::failed}}; }

inline std::vector<TestName> names(const std::vector<std::string>& ids) {
    std::vector<TestName> tests;
    for (const std::string& id : ids) tests.push_back({id});
    return tests;
}

}  // namespace xgrid::broker
