// What scenarios are made of: suites where every test is alike, and a grid without faults.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "tests/simulation/world.hpp"

namespace xgrid::simulation {

// So many units of so many tests that take so long each.
inline Suite suite_of(std::size_t units, std::size_t tests, Duration takes = milliseconds(10)) {
    Random random(1);
    Suite suite = draw_suite(random, {.units = units, .tests_least = tests, .tests_most = tests});
    for (auto& [name, unit] : suite.units) {
        unit.load_takes = milliseconds(5);
        for (ModelTest& test : unit.tests) test.takes = takes;
    }
    return suite;
}

inline ModelTest& test_of(Suite& suite, std::size_t unit, std::size_t test) {
    return std::next(suite.units.begin(), static_cast<std::ptrdiff_t>(unit))->second.tests[test];
}

inline Plan plan_of(Suite suite, std::uint32_t slots, std::size_t workers = 1) {
    Plan plan{.workers = workers, .slots = slots};
    plan.faults.last = Duration(0);
    RunPlan& run = plan.runs.emplace_back(RunPlan{.suite = std::move(suite)});
    run.spec.slots = slots * static_cast<std::uint32_t>(workers);
    run.spec.crashes_max = 100;
    return plan;
}

// Its environments, which differ by a variable that says which they are.
inline void give_environments(RunSpec& spec, std::uint32_t count, std::uint32_t slots) {
    for (std::uint32_t i = 0; i < count; ++i) {
        spec.environments.push_back({.name = "popen",
                                     .slots = slots,
                                     .variables = {{environment_variable, std::to_string(i)}}});
    }
}

inline std::size_t count(const Told& told, Outcome outcome) {
    return static_cast<std::size_t>(std::ranges::count_if(told.verdicts, [&](const auto& verdict) {
        return verdict.second.result.outcome == outcome;
    }));
}

}  // namespace xgrid::simulation
