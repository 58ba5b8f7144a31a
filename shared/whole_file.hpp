// A file's content, all of it or none.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace xgrid {

/// None: it cannot be opened, or not be read to its end (a failing disk; in /proc, a process that
/// is gone meanwhile). An iterator over the stream would throw then.
inline std::optional<std::string> whole_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file) return std::nullopt;
    if (file.peek() == std::ifstream::traits_type::eof()) {
        return file.bad() ? std::nullopt : std::optional(std::string());
    }
    text << file.rdbuf();
    return text.good() ? std::optional(std::move(text).str()) : std::nullopt;
}

}  // namespace xgrid
