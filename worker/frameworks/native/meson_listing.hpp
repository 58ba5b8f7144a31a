// What Meson writes of a project's tests, meson-info/intro-tests.json in the build folder: the same
// as `meson introspect --tests`, and needs no Meson to be read. Knows the format only.
//
// Verified with Meson 1.0.1. Whether a test should fail is not in it; see meson_test.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/result.hpp"

namespace xgrid::worker::native {

enum class MesonProtocol : std::uint8_t { exit_code, gtest, tap, rust };

struct MesonEntry {
    std::string name;
    std::vector<std::string> command;
    std::vector<std::pair<std::string, std::string>> environment;
    std::string directory;            // empty: the build folder
    std::vector<std::string> suites;  // PROJECT or PROJECT:SUITE
    double timeout_seconds = 0;       // 0: none
    bool parallel = true;
    MesonProtocol protocol = MesonProtocol::exit_code;

    std::string project() const;
};

/// In the order in which Meson runs them.
Result<std::vector<MesonEntry>> meson_listing_from(std::string_view text);

/// Where the build folder and the source were when they were configured: meson-info.json's.
struct MesonDirectories {
    std::string build;
    std::string source;
};
Result<MesonDirectories> meson_directories_from(std::string_view text);

/// As `meson test --list` shows them: "PROJECT:SUITE / NAME" if there are suites, and with #2
/// behind the second of a name.
std::vector<std::string> meson_ids(const std::vector<MesonEntry>& entries);

/// Whether one of those, each SUITE, PROJECT or PROJECT:SUITE, has it.
bool in_meson_suites(const MesonEntry& entry, const std::vector<std::string>& suites);

/// Whether it is one of those, each NAME, PROJECT:NAME or PROJECT: .
bool has_meson_name(const MesonEntry& entry, const std::vector<std::string>& names);

}  // namespace xgrid::worker::native
