// The user's arguments for `meson test`: its own options, as far as they choose tests and run them.
#pragma once

#include <string>
#include <vector>

#include "shared/result.hpp"

namespace xgrid::worker::native {

struct MesonOptions {
    std::string folder;              // of -C; empty: not said
    std::vector<std::string> words;  // names of tests, or the build folder
    std::vector<std::string> suites;
    std::vector<std::string> suites_but;
    std::vector<std::string> test_arguments;
    double timeout_factor = 1;  // 0 or less: no limit
    std::string keywords;       // of -k; empty: all
};

/// An error names what is no option of `meson test`, or is xgrid's in other words.
Result<MesonOptions> meson_options_from(const std::vector<std::string>& arguments);

}  // namespace xgrid::worker::native
