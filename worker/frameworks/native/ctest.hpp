// ctest's tests: ctest lists them and the slot runs them as ctest would, so that each can go to
// another slot. A unit is a test, or several that must stay together: see ctest_plan.hpp.
//
// What ctest does itself, one test at a time, is what its listing does not tell: a test whose
// program was not there when it was listed (a fixture may build it), or whose fixture was set up in
// another slot.
//
// A build folder that is a copy is refused: its CTestTestfile.cmake lead to the original.
//
// Not as ctest: TIMEOUT_AFTER_MATCH (the test may take both limits together), RESOURCE_GROUPS (all
// are run without resources), PROCESSOR_AFFINITY. Verified with ctest 3.25.1.
#pragma once

#include <memory>

#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

std::unique_ptr<Framework> make_ctest(Asked asked);

}  // namespace xgrid::worker::native
