// The user's arguments for ctest: where the build folder is, and what of ctest's options says which
// tests are run. Those go to ctest itself, when it lists them.
#pragma once

#include <string>
#include <vector>

#include "shared/result.hpp"

namespace xgrid::worker::native {

struct CTestOptions {
    std::string folder;                  // as the user said; empty: nothing
    std::vector<std::string> selection;  // for ctest
    std::string keywords;                // of -k; empty: all
    double timeout_seconds = -1;         // of tests that have none; negative: not said
};

/// An error names what is no option of ctest's, or is xgrid's in other words.
Result<CTestOptions> ctest_options_from(const std::vector<std::string>& arguments);

}  // namespace xgrid::worker::native
