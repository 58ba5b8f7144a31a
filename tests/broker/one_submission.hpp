// A run of each environment without its broker: slots are given to its lanes, and what they do is
// said, by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "broker/submission.hpp"

namespace xgrid::broker {

struct OneSubmission {
    Settings settings;
    std::uint64_t next_job = 1;
    Instant now = Instant() + std::chrono::hours(1);
    std::vector<Event> told;
    Submission run;

    explicit OneSubmission(RunSpec spec = spec_of_each(2, 1), std::vector<DoneTest> done = {})
        : run("run", std::move(spec), std::move(done), next_job, settings) {}

    /// In environments that are called a, b, ...
    static RunSpec spec_of_each(std::uint32_t environments, std::uint32_t slots = 1) {
        RunSpec spec{.crashes_max = 9, .each = true};
        for (std::uint32_t i = 0; i < environments; ++i) {
            spec.environments.push_back(
                {.name = std::string(1, static_cast<char>('a' + i)), .slots = slots});
        }
        return spec;
    }

    Run& lane(std::uint32_t environment) { return *run.lanes().at(environment); }

    void add_slot(std::uint32_t environment) {
        run.perform(now, SlotGiven{environment, environment + 1, environment});
        schedule();
    }

    /// What the first slot of that lane runs.
    const Job& held(std::uint32_t environment) {
        REQUIRE(!lane(environment).slots().empty());
        const Slot& slot = lane(environment).slots().begin()->second;
        REQUIRE(!slot.jobs.empty());
        return *lane(environment).find(slot.jobs[0]);
    }

    /// Said by that slot.
    void say(std::uint32_t environment, const Fact& fact) {
        const Job& job = held(environment);
        run.record(now, environment, {job.id, job.attempt->number}, fact, "host");
        schedule();
    }

    /// A slot there begins, lists these units, and gets the first of them.
    void list(std::uint32_t environment, std::vector<std::string> units) {
        add_slot(environment);
        say(environment, SlotBegan{});
        say(environment, UnitsNamed{std::move(units)});
        say(environment, Ended{});
    }

    /// ... has so many tests in it, called as their places.
    void load(std::uint32_t environment, std::size_t tests) {
        TestsFound found;
        for (std::size_t i = 0; i < tests; ++i) found.tests.push_back({std::to_string(i)});
        say(environment, found);
    }

    /// All of it: units without tests, and then the slot's own end.
    void complete(std::uint32_t environment) {
        list(environment, {});
        REQUIRE(held(environment).body.kind == JobKind::finish);
        say(environment, Ended{});
    }

    void refuse(std::uint32_t environment, std::int32_t code, const std::string& why) {
        add_slot(environment);
        say(environment, Ended{.end = End::refused, .text = why, .code = code});
    }

    void schedule() {
        for (std::uint32_t i = 0; i < run.lanes().size(); ++i) run.perform(now, Scheduled{i, 0});
    }

    const std::vector<Event>& log() {
        for (Event& event : run.events().next(told.size(), 1'000'000)) {
            told.push_back(std::move(event));
        }
        return told;
    }

    /// All events of a kind so far.
    template <class T>
    std::vector<T> events() {
        std::vector<T> found;
        for (const Event& event : log()) {
            if (const auto* one = std::get_if<T>(&event)) found.push_back(*one);
        }
        return found;
    }

    RunFinished end() {
        REQUIRE(events<RunFinished>().size() == 1);
        CHECK(std::holds_alternative<RunFinished>(log().back()));
        return events<RunFinished>()[0];
    }
};

}  // namespace xgrid::broker
