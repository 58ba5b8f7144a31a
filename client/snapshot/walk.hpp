// Finds what travels, and of that what did not change since the last snapshot.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "client/snapshot/folder.hpp"
#include "client/snapshot/plan.hpp"
#include "client/snapshot/settings.hpp"
#include "client/snapshot/stat_cache.hpp"
#include "shared/descriptor.hpp"
#include "shared/digest.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

/// What the cache knew of a folder.
struct Before {
    bool known = false;
    std::size_t entries = 0;
    std::size_t found = 0;  // of these, as they were
    ObjectId id;
    GitId git_id;
};

struct Walked {
    std::vector<Folder> folders;  // the root first, and each before those in it
    std::vector<Before> before;   // one for each
    std::vector<Descriptor> places;
    std::vector<std::string> warnings;
};

/// Files that are new or changed are not hashed yet. What vanishes meanwhile was never there.
/// Error: something cannot be read, or cannot be in a tree.
Result<Walked> walk(const SnapshotSettings& settings, const Plan& plan, const StatCache& cache);

}  // namespace xgrid::client
