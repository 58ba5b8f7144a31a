// The tests that ctest lists, and which of them must stay together: those that DEPENDS or fixtures
// connect, for one may leave files for the next. They are one unit, in an order that ctest could
// have, and stay on one slot. Each other test is a unit of its own.
//
// So a fixture that all tests of a project need makes them one unit, and one slot runs them all.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "shared/result.hpp"
#include "worker/frameworks/native/ctest_listing.hpp"

namespace xgrid::worker::native {

struct CTestTest {
    CTestEntry entry;
    // As users see it: its name, and for the second of that name NAME#2.
    std::string id;
    // Those that set up a fixture which it requires: if one fails, it is not run.
    std::vector<std::size_t> setups;
};

struct CTestPlan {
    std::vector<CTestTest> tests;
    // The most costly first, if the project says COST. A unit of one test has its id; others are
    // called fixtures:NAME, by their first fixture, or as the first test in them.
    std::vector<std::string> units;
    std::map<std::string, std::vector<std::size_t>> unit_tests;  // in the order to run them
};

/// An error: tests depend on each other in a circle.
Result<CTestPlan> ctest_plan_of(std::vector<CTestEntry> entries);

}  // namespace xgrid::worker::native
