// What it is worth to know from earlier runs how long tests take: the second run of suites whose
// tests take times of very different length.
#include <algorithm>
#include <cmath>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/simulation/scenarios.hpp"

using namespace xgrid;
using namespace xgrid::simulation;

namespace {

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Few tests take a hundred times as long as most.
Suite heavy_tailed(std::size_t units, std::size_t tests) {
    Suite suite = suite_of(units, tests);
    Random random(7);
    for (auto& [name, unit] : suite.units) {
        for (ModelTest& test : unit.tests) {
            const double even = (1.0 + static_cast<double>(random.below(1000))) / 1001;
            const double takes = std::min(0.2 * std::pow(even, -0.9), 12.0);
            test.takes = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(takes));
        }
    }
    return suite;
}

// As a history has them after the first run.
std::vector<broker::TestsExpected> expectations_of(const Suite& suite) {
    broker::TestsExpected all;
    for (const auto& [name, unit] : suite.units) {
        broker::ExpectedUnit known{.unit = name,
                                   .tests = static_cast<std::uint32_t>(unit.tests.size())};
        for (const ModelTest& test : unit.tests) {
            const double takes = seconds_of(test.takes);
            const bool failed = test.behaviour == Behaviour::fails;
            known.seconds += takes;
            known.failed = known.failed || failed;
            if (failed || takes >= broker::long_test_seconds) {
                known.named.push_back({test.name, takes, failed});
            }
        }
        all.units.push_back(std::move(known));
    }
    return {all};
}

// How long a run takes, over what no order can beat.
double stretch(const Suite& suite, std::uint32_t slots, bool knows) {
    double sum = 0;
    double longest = 0;
    for (const auto& [name, unit] : suite.units) {
        for (const ModelTest& test : unit.tests) {
            sum += seconds_of(test.takes);
            longest = std::max(longest, seconds_of(test.takes));
        }
    }
    Plan plan = plan_of(suite, slots);
    if (knows) plan.runs[0].expected = expectations_of(suite);
    World world(std::move(plan));
    world.run();
    REQUIRE(world.told().verdicts.size() == suite.tests());
    return seconds_of(world.time()) / std::max(longest, sum / slots);
}

}  // namespace

TEST_CASE("a second run takes no longer than the longest test, or all of them shared evenly") {
    struct Shape {
        std::size_t units;
        std::size_t tests;
        std::uint32_t slots;
    };
    for (const Shape shape :
         {Shape{200, 1, 32}, Shape{200, 1, 8}, Shape{20, 10, 32}, Shape{20, 10, 8},
          Shape{1, 200, 32}, Shape{1, 200, 8}, Shape{50, 8, 16}, Shape{5, 60, 4}}) {
        const Suite suite = heavy_tailed(shape.units, shape.tests);
        const double first = stretch(suite, shape.slots, false);
        const double second = stretch(suite, shape.slots, true);
        CAPTURE(shape.units);
        CAPTURE(shape.tests);
        CAPTURE(shape.slots);
        MESSAGE(fmt::format("{} units of {} tests on {} slots: first {:.3f}, second {:.3f}",
                            shape.units, shape.tests, shape.slots, first, second));
        CHECK(second <= 1.05);
        CHECK(second <= first + 0.01);
    }
}

TEST_CASE("what failed last time is seen to fail among the first") {
    Suite suite = suite_of(100, 4, milliseconds(100));
    test_of(suite, 90, 2).behaviour = Behaviour::fails;
    Plan plan = plan_of(suite, 4);
    plan.runs[0].spec.failures_max = 1;
    plan.runs[0].expected = expectations_of(suite);
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::stopped);
    CHECK(world.time() < seconds(1));
}

TEST_CASE("one slot keeps to the order of files, whatever is known of them") {
    Suite suite = suite_of(4, 1);
    test_of(suite, 3, 0).takes = seconds(2);
    Plan plan = plan_of(suite, 1);
    plan.runs[0].expected = expectations_of(suite);
    plan.runs[0].cancelled_at = seconds(1);
    World world(std::move(plan));
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 3);
}
