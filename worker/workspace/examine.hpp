// How a folder differs from the listing that it should be.
//
// Every entry is asked for its numbers (stat), none is read, with two exceptions: what was changed
// as late as the manifest was finished might have been changed once more since, in the same tick of
// the clock, and after the machine was started anew numbers do not prove that content reached the
// disk. Both are read and hashed, once.
//
// Rejected: taking a folder whose own time is old for unchanged. A file changed in place does not
// show in it, and the files are what the walk spends its time on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shared/result.hpp"
#include "worker/workspace/beneath.hpp"
#include "worker/workspace/keep.hpp"
#include "worker/workspace/listing.hpp"
#include "worker/workspace/manifest.hpp"

namespace xgrid::worker {

struct FolderState {
    bool there = false;
    /// For each entry: it is there, and as it should be. A folder's says nothing of what is in it.
    std::vector<bool> unchanged;
    /// For each entry: something else has its name, or an older one of it.
    std::vector<bool> in_the_way;
    std::vector<std::int64_t> later_than;  // history_second of what was there
};

struct Stranger {
    std::string folder;  // path
    std::string name;
    bool only_if_empty = false;  // what it held was strange, or is kept
};

struct Differences {
    std::vector<FolderState> folders;  // one for each of the listing
    std::vector<Stranger> strangers;   // to be removed, in this order
    std::size_t kept = 0;              // strangers that stay
    std::int64_t removed_second = 0;   // the newest among what goes without another in its place
    bool verified = false;             // something had to be read
};

struct Examination {
    const Beneath& root;
    const Manifest& held;
    const Keep& keep;
    std::string boot;
    bool named = false;  // what is in the root and not claimed is none of ours
    std::size_t threads = 1;
};

/// Fills in the numbers of what is unchanged in `wanted`. Folders that cannot be read are made
/// readable, nothing else is touched.
Result<Differences> examine(Listing& wanted, const std::vector<std::uint32_t>& held_of,
                            const Examination& how);

enum class Held { as_written, differs };
/// Whether an entry of the manifest is still what was written; reads it if its numbers alone do not
/// tell, and says so.
Held check_held(int folder, const ListedEntry& entry, const struct stat& found,
                const Examination& how, bool& verified);

}  // namespace xgrid::worker
