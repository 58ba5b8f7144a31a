#include "tests/simulation/suite.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrid::simulation {

std::size_t Suite::tests() const {
    std::size_t count = 0;
    for (const auto& [name, unit] : units) count += unit.tests.size();
    return count;
}

bool Suite::hangs() const {
    return std::ranges::any_of(units, [](const auto& entry) {
        return std::ranges::any_of(entry.second.tests, [](const ModelTest& test) {
            return test.behaviour == Behaviour::hangs;
        });
    });
}

const ModelTest* Suite::find(const std::string& unit, const TestName& test) const {
    const auto found = units.find(unit);
    if (found == units.end()) return nullptr;
    for (const ModelTest& one : found->second.tests) {
        if (one.name == test) return &one;
    }
    return nullptr;
}

namespace {

void draw_groups(Random& random, const SuiteShape& shape, ModelUnit& unit) {
    for (ModelTest& test : unit.tests) {
        if (shape.scopes > 0) {
            test.group = fmt::format("{} scope {}", unit.name, random.below(shape.scopes));
        } else if (random.chance(0.5)) {
            test.group = fmt::format("group {}", random.below(shape.groups));
        }
    }
}

}  // namespace

Suite draw_suite(Random& random, const SuiteShape& shape) {
    Suite suite;
    for (std::size_t i = 0; i < shape.units; ++i) {
        ModelUnit unit{.name = fmt::format("test_{:05}.py", i)};
        unit.load_crashes = random.chance(shape.load_crashes);
        unit.load_takes = random.between(Duration(0), std::chrono::milliseconds(20));
        const std::size_t tests =
            shape.tests_least + random.below(shape.tests_most - shape.tests_least + 1);
        for (std::size_t k = 0; k < tests; ++k) {
            ModelTest test{.name = {.id = fmt::format("{}::test_{}", unit.name, k)}};
            if (k > 0 && random.chance(shape.repeats)) {
                test.name = unit.tests.back().name;
                ++test.name.occurrence;
            }
            test.takes = random.between(Duration(0), shape.takes_most);
            if (random.chance(shape.slow)) test.takes *= 100;
            if (random.chance(shape.fails)) test.behaviour = Behaviour::fails;
            if (random.chance(shape.crashes)) test.behaviour = Behaviour::crashes;
            if (random.chance(shape.hangs)) test.behaviour = Behaviour::hangs;
            if (random.chance(shape.fails_alone)) test.behaviour = Behaviour::fails_alone;
            test.tears_down_late = random.chance(shape.late);
            unit.tests.push_back(std::move(test));
        }
        if (shape.scopes + shape.groups > 0) draw_groups(random, shape, unit);
        suite.units.emplace(unit.name, std::move(unit));
    }
    return suite;
}

void draw_flaky(Random& random, double flaky, Suite& suite) {
    for (auto& [name, unit] : suite.units) {
        for (ModelTest& test : unit.tests) {
            const bool changes = test.behaviour == Behaviour::passes && random.chance(flaky);
            if (changes) test.behaviour = Behaviour::flaky;
        }
    }
}

void draw_needs(Random& random, const NeedsShape& shape, Suite& suite) {
    for (auto& [name, unit] : suite.units) {
        for (std::uint32_t lock = 0; lock < shape.names; ++lock) {
            if (random.chance(shape.locks))
                unit.needs.locks.push_back(fmt::format("lock {}", lock));
        }
        if (random.chance(shape.wide)) {
            unit.needs.processors =
                static_cast<std::uint32_t>(2 + random.below(shape.processors_most - 1));
        }
        unit.needs.serial = random.chance(shape.serial);
    }
}

}  // namespace xgrid::simulation
