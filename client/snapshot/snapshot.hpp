// The user's files as they are, as a tree: what its id is, and where the content of it is found.
// Changes nothing on the disk but its cache. Content is not kept: SnapshotSource reads it again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/snapshot/folder.hpp"
#include "client/snapshot/settings.hpp"
#include "client/snapshot/stat_cache.hpp"
#include "shared/digest.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

struct SnapshotCounts {
    std::uint64_t files = 0;
    std::uint64_t links = 0;
    std::uint64_t folders = 0;  // the root is one
    std::uint64_t bytes = 0;    // of all files
    std::uint64_t hashed = 0;   // files that were read, as they were new, changed or not settled

    friend bool operator==(const SnapshotCounts&, const SnapshotCounts&) = default;
};

struct Snapshot {
    ObjectId id;
    /// In a repository without changes, with nothing extra or left out, that of `HEAD^{tree}`: as
    /// long as git changes no content on its way (line ends, filters) and all links stay inside.
    GitId git_id;
    SnapshotCounts counts;
    std::vector<std::string> warnings;  // a line each: what stays behind and why

    std::vector<Place> places;    // the first is the root
    std::vector<Folder> folders;  // the first is the root
};

/// `now` is the time of the call, by the clock of the files. Error: settings that cannot be met,
/// and files that cannot be read, cannot be in a tree, or keep changing; the text names them.
Result<Snapshot> take_snapshot(const SnapshotSettings& settings, WallTime now);

}  // namespace xgrid::client
