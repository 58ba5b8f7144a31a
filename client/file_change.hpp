// What has become of a file between two looks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgrid::client {

struct FileChange {
    enum class Kind : std::uint8_t { modified, added, removed, renamed };

    Kind kind = Kind::modified;
    std::string path;    // absolute
    std::string before;  // renamed: where it was

    friend bool operator==(const FileChange&, const FileChange&) = default;
};

using FileChanges = std::vector<FileChange>;

}  // namespace xgrid::client
