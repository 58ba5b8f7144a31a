// The settings of a snapshot, found on the disk: which folder is where in the tree.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "client/snapshot/folder.hpp"
#include "client/snapshot/settings.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

/// A folder or file outside of the root that travels beside the root's entries.
struct Beside {
    std::string name;
    std::string directory;  // as the user wrote it
    std::size_t place = 0;
    bool is_folder = true;
};

struct Plan {
    std::vector<Place> places;        // the first is the root
    std::vector<Beside> beside;       // of different names
    std::vector<std::string> named;   // paths in the tree, all of which travels
    std::vector<std::string> hidden;  // paths in the tree that never travel: xgrid's own cache
};

/// Error: a folder that is not there, or two of one name.
Result<Plan> make_plan(const SnapshotSettings& settings);

}  // namespace xgrid::client
