// What earlier runs let one expect of a run's tests: plain data, given to a run as it begins.
//
// Kept on disks with the run's steps: fields are appended.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::broker {

struct ExpectedTest {
    TestName test;
    double seconds = 0;
    bool failed = false;  // when it last ran
    double failures = 0;  // a run, of late; 0: none, or it has not run often enough to tell

    XGRID_FIELDS(ExpectedTest, test, seconds, failed, failures);
};

/// A unit that has run before. Of its tests only those are named that take long or fail; the
/// others share what is left of its time.
struct ExpectedUnit {
    std::string unit;
    double seconds = 0;       // of all of its tests in sum
    std::uint32_t tests = 0;  // in all
    bool failed = false;      // one of them, when it last ran
    std::vector<ExpectedTest> named;

    XGRID_FIELDS(ExpectedUnit, unit, seconds, tests, failed, named);
};

/// A test that takes so many seconds is worth a name.
constexpr double long_test_seconds = 0.05;

}  // namespace xgrid::broker
