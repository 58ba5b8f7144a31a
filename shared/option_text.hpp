// What several programs' options take: sizes, folders, and whether to compress. Says what is wrong
// with a text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "shared/endpoint.hpp"
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

/// Whether content on its way to or from the endpoint is packed. Throws Fatal (exit code 4).
inline bool packs_from(const std::string& text, const std::string& option,
                       const std::string& endpoint) {
    if (text == "auto") return !is_on_this_machine(endpoint);
    if (text == "always" || text == "never") return text == "always";
    throw Fatal(fmt::format("{} takes one of auto, always, never, not '{}'", option, text), 4);
}

}  // namespace xgrid
