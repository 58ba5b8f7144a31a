// Hands out workspaces, each to one holder at a time, and removes those that take too much room.
// Knows nothing of what is in them.
//
// In the cache's folder: workspaces/KEY-N.lock, and workspaces/KEY-N/ with `manifest` and the
// folder itself, which is called as the project's own is, for tests that ask for its name. KEY is a
// hash of the project's key. Of a folder that a user named only the lock and the manifest are
// there; its key is its real path.
//
// Who holds a workspace has locked its file (flock), so that it is free as soon as its holder is
// gone, however that ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "shared/digest.hpp"
#include "shared/result.hpp"
#include "worker/workspace/workspace.hpp"

namespace xgrid::worker {

class Workspaces {
public:
    /// In that folder of the cache, which is made for this user alone when it is needed.
    explicit Workspaces(const std::filesystem::path& cache);

    /// One of the project's that nobody holds: the one that holds the tree already, else the one
    /// used last, else a new one. The project's key is any text; it ends in its folder's name.
    Result<Workspace> of_project(std::string_view project, const ObjectId& tree) const;

    /// The folder of that name, made if it is missing. Error: somebody holds it, or it cannot be.
    Result<Workspace> at(const std::filesystem::path& folder) const;

    /// Removes the workspaces not used for the longest time, until the rest takes no more than so
    /// many bytes on the disk or is held. Never a folder that a user named. Returns what is left.
    std::uint64_t evict(std::uint64_t bytes_max) const;

private:
    std::filesystem::path folder_;
};

}  // namespace xgrid::worker
