// What `ctest --show-only=json-v1` lists: one entry a test, with the properties that say how it is
// run and judged. Knows the format only.
//
// Format: cmake --help-manual ctest, "Show as JSON Object Model", version 1. Verified with ctest
// 3.25.1. ctest has followed FIXTURES_* already: DEPENDS has every test that goes before, and
// there is no command where the program was not found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/result.hpp"

namespace xgrid::worker::native {

struct CTestEntry {
    std::string name;
    std::vector<std::string> command;  // empty: its program was not found
    std::string path;                  // where add_test() stands
    std::uint32_t line = 0;

    std::string directory;
    std::vector<std::string> environment;                // NAME=VALUE
    std::vector<std::string> environment_modifications;  // NAME=OPERATION:VALUE
    std::vector<std::string> required_files;
    bool disabled = false;

    std::vector<std::string> pass;  // regular expressions of CMake
    std::vector<std::string> fail;
    std::vector<std::string> skip;
    int skip_code = -1;  // negative: none
    bool will_fail = false;
    double timeout_seconds = -1;               // negative: not said; 0: none
    std::vector<std::string> timeout_restart;  // regular expressions ...
    double timeout_restart_seconds = 0;        // ... and the limit from when one is found

    std::vector<std::string> depends;
    std::vector<std::string> fixtures_required;
    std::vector<std::string> fixtures_setup;
    std::vector<std::string> fixtures_cleanup;
    std::uint32_t processors = 1;
    std::vector<std::string> locks;
    bool serial = false;
    double cost = 0;
    bool resource_groups = false;
    std::vector<std::string> labels;
};

/// The entries in ctest's order. An error says what is wrong with the text; lines before the JSON,
/// where ctest warns of expressions, are ignored.
Result<std::vector<CTestEntry>> ctest_listing_from(std::string_view text);

}  // namespace xgrid::worker::native
