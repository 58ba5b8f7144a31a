// Whether a path is a folder's, by the names alone.
#pragma once

#include <filesystem>

namespace xgrid::client {

/// The folder itself is, too. Both absolute, without "." and "..".
inline bool is_within(const std::filesystem::path& path, const std::filesystem::path& folder) {
    const std::filesystem::path below = path.lexically_relative(folder);
    return !below.empty() && *below.begin() != "..";
}

}  // namespace xgrid::client
