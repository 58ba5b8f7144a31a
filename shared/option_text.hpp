// What several programs' options take: sizes, folders, and whether to compress. Says what is wrong
// with a text, or an option.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "shared/command_text.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/nearest.hpp"
#include "shared/size_text.hpp"

namespace xgrid {

/// The command does not have that option, and perhaps this one was meant.
inline Fatal unknown_option(const std::string& option, const CommandText& command) {
    return Fatal(fmt::format("unrecognised option '{}'{}\n(xgrid {} --help shows the options)",
                             option, did_you_mean(option, long_options(command)), command.name),
                 4);
}

/// Throws Fatal (exit code 4).
inline std::uint64_t size_from(const std::string& text, const std::string& option) {
    const std::optional<std::uint64_t> bytes = bytes_from(text);
    if (bytes && *bytes > 0) return *bytes;
    throw Fatal(fmt::format("{} takes a size such as 500M or 20G, not '{}'", option, text), 4);
}

/// Seconds, with s, m or h behind them for units. Throws Fatal (exit code 4).
inline std::chrono::nanoseconds duration_from(const std::string& text, const std::string& option) {
    constexpr double seconds_most = 1e7;
    double unit = text.ends_with('h') ? 3600 : text.ends_with('m') ? 60 : 1;
    const bool has_unit = unit > 1 || text.ends_with('s');
    try {
        std::size_t end = 0;
        const double found = std::stod(text, &end) * unit;
        if (end + (has_unit ? 1 : 0) == text.size() && found >= 0 && found <= seconds_most) {
            return std::chrono::duration_cast<std::chrono::nanoseconds>(
                std::chrono::duration<double>(found));
        }
    } catch (const std::exception&) {
        // Said below.
    }
    throw Fatal(fmt::format("{} takes a duration such as 30 or 5m, not '{}'", option, text), 4);
}

/// Absolute. Throws Fatal (exit code 4) if it is empty.
inline std::filesystem::path folder_from(const std::string& text, const std::string& option) {
    std::error_code error;
    std::filesystem::path path = std::filesystem::absolute(text, error);
    if (!error && !text.empty()) return path;
    throw Fatal(fmt::format("{} takes a folder, not '{}'", option, text), 4);
}

/// Whether content on its way to or from the endpoint is packed. Throws Fatal (exit code 4).
inline bool packs_from(const std::string& text, const std::string& option,
                       const std::string& endpoint) {
    if (text == "auto") return !is_on_this_machine(endpoint);
    if (text == "always" || text == "never") return text == "always";
    throw Fatal(fmt::format("{} takes one of auto, always, never, not '{}'", option, text), 4);
}

}  // namespace xgrid
