// What several programs' options take: sizes and folders. Says what is wrong with a text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "shared/ensure.hpp"
#include "shared/size_text.hpp"

namespace xgrid {

/// Throws Fatal (exit code 4).
inline std::uint64_t size_from(const std::string& text, const std::string& option) {
    const std::optional<std::uint64_t> bytes = bytes_from(text);
    if (bytes && *bytes > 0) return *bytes;
    throw Fatal(fmt::format("{} takes a size such as 500M or 20G, not '{}'", option, text), 4);
}

/// Absolute. Throws Fatal (exit code 4) if it is empty.
inline std::filesystem::path folder_from(const std::string& text, const std::string& option) {
    std::error_code error;
    std::filesystem::path path = std::filesystem::absolute(text, error);
    if (!error && !text.empty()) return path;
    throw Fatal(fmt::format("{} takes a folder, not '{}'", option, text), 4);
}

}  // namespace xgrid
