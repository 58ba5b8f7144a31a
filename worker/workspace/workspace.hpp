// A folder on this machine in which tests run, made to hold a tree exactly, time after time.
//
// An update reads what it last wrote (the manifest), asks every file there for its numbers, and
// touches only what differs: what has other content in the new tree, and what tests changed. What
// the tree does not have goes, whoever made it, except what `keep` names. What is needed at one
// path and was at another is moved there. A file whose content stays keeps its modification time;
// writing.hpp says which time the others get.
//
// It may end at any moment: the manifest is replaced when all else is done, and what was written
// before is unknown to the old one, so that the next update writes it again. For the same reason
// nothing is flushed to the disk; after the machine was started anew all content is read once.
//
// A folder that a user named (`chdir=`) may hold things of theirs: in it, not below what the trees
// brought, names that xgrid did not bring stay. A tree that brings a name that is there already is
// refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/digest.hpp"
#include "shared/object_source.hpp"
#include "shared/result.hpp"
#include "worker/descriptor.hpp"
#include "worker/workspace/manifest.hpp"

namespace xgrid::worker {

struct UpdateOptions {
    /// Patterns of the shell: a path from the root if there is a '/' within, else a name in any
    /// folder of the tree; with a '/' at the end, of folders alone. In __pycache__ what has no
    /// source, or one that changed, goes all the same.
    std::vector<std::string> keep = {"__pycache__/"};
    std::size_t entries_max = 1'000'000;
    std::uint64_t bytes_max = std::uint64_t{100} << 30;  // written by one update
    std::size_t threads = 2;
};

struct UpdateCounts {
    std::size_t written = 0;    // files and links
    std::size_t moved = 0;      // of these, whose content was in the workspace
    std::size_t unchanged = 0;  // files and links
    std::size_t removed = 0;    // strangers, a folder with all in it as one
    std::size_t kept = 0;       // strangers, as above
    std::uint64_t bytes = 0;    // written; what was renamed has none
};

class Workspace {
public:
    struct Place {
        std::filesystem::path folder;
        std::filesystem::path manifest;  // beside the folder, never in it
        bool named = false;              // by a user
    };

    /// The lock is held as long as this lives; it is marked as used when that begins and ends.
    Workspace(Place place, Descriptor lock);
    Workspace(Workspace&&) noexcept = default;
    Workspace& operator=(Workspace&&) noexcept = default;
    ~Workspace();

    const std::filesystem::path& folder() const { return place_.folder; }

    /// Whether it held this tree after its last update; tests may have changed something since.
    bool held(const ObjectId& tree) const;
    /// That tree and those of all folders in it; the same holds for them.
    std::set<ObjectId> trees_held();

    /// Makes the folder hold this tree and nothing else. Error: the tree is refused (see
    /// list_tree), and nothing was touched; or something could not be read or written, and the
    /// folder holds no tree until an update succeeds.
    Result<UpdateCounts> update(const ObjectId& tree, ObjectSource& source,
                                const UpdateOptions& options = {});

private:
    Place place_;
    Descriptor lock_;
    std::optional<Manifest> manifest_;  // read, for the next update
};

}  // namespace xgrid::worker
