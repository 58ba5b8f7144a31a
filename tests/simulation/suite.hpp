// A suite of tests that exist only in their behaviour.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shared/instant.hpp"
#include "shared/messages.hpp"
#include "tests/simulation/random.hpp"

namespace xgrid::simulation {

/// Tells a slot of which of the run's environments it is.
inline constexpr const char* environment_variable = "ENVIRONMENT";

/// A framework that is given it refuses to begin, wherever that is.
inline constexpr const char* refused_argument = "--no-such-option";

enum class Behaviour : std::uint8_t {
    passes,
    fails,
    crashes,
    hangs,        // until its slot is ended
    fails_alone,  // passes only in a slot that has collected everything
    flaky,        // passes or fails, each time anew
};

struct ModelTest {
    TestName name;
    Behaviour behaviour = Behaviour::passes;
    Duration takes = std::chrono::milliseconds(1);
    bool tears_down_late = false;  // what it leaves goes wrong when a later test or end finds it
    std::string group;             // of the tests that it stays together with, if it does
};

struct ModelUnit {
    std::string name;
    std::vector<ModelTest> tests;
    Duration load_takes = std::chrono::milliseconds(2);
    bool load_crashes = false;
    UnitNeeds needs;
};

struct Suite {
    std::map<std::string, ModelUnit> units;

    std::size_t tests() const;
    bool hangs() const;
    const ModelTest* find(const std::string& unit, const TestName& test) const;
};

struct SuiteShape {
    std::size_t units = 10;
    std::size_t tests_least = 1;
    std::size_t tests_most = 10;
    Duration takes_most = std::chrono::milliseconds(20);
    double slow = 0;           // of the tests, take a hundred times as long
    double fails = 0;          // of the tests
    double crashes = 0;        // of the tests
    double hangs = 0;          // of the tests
    double fails_alone = 0;    // of the tests
    double late = 0;           // of the tests, tear down late
    double load_crashes = 0;   // of the units
    double repeats = 0;        // of the tests, have the id of the one before
    std::uint32_t groups = 0;  // over all units, of about half of the tests
    std::uint32_t scopes = 0;  // or in each, of all
};

Suite draw_suite(Random& random, const SuiteShape& shape);

/// So many of those that pass pass only now and then.
void draw_flaky(Random& random, double flaky, Suite& suite);

/// Of their units, these parts need something.
struct NeedsShape {
    double locks = 0;
    std::uint32_t names = 1;  // of locks
    double wide = 0;
    std::uint32_t processors_most = 4;
    double serial = 0;
};

void draw_needs(Random& random, const NeedsShape& shape, Suite& suite);

}  // namespace xgrid::simulation
