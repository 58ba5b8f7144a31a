// What tests made and may keep from one run to the next, and compiled Python among it that must go.
// Knows nothing of disks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "worker/workspace/listing.hpp"

namespace xgrid::worker {

/// Patterns of the shell: with a '/' within, of a path from the root; else of a name in any folder
/// of the tree. One that ends in '/' is of folders alone.
class Keep {
public:
    explicit Keep(const std::vector<std::string>& patterns);

    /// `in_tree`: the folder that it is in belongs to the tree. In one that does not, names keep
    /// nothing: an empty package must not be left because of its compiled files.
    bool keeps(std::string_view path, bool is_folder, bool in_tree) const;
    /// Something below this folder might be kept, though the folder is not of the tree.
    bool may_keep_below(const std::string& path) const;

private:
    struct Pattern {
        std::string text;
        bool of_path = false;
        bool of_folders = false;
    };
    std::vector<Pattern> patterns_;
};

/// Whether a file in __pycache__ is compiled Python, whoever compiled it.
bool is_compiled(std::string_view name);

/// Whether compiled Python has a source in the folder above, and all that may be its source are as
/// they were: `unchanged` says so of the folder's entries, one for each.
bool is_current(std::string_view compiled, const ListedFolder& above,
                const std::vector<bool>& unchanged);

}  // namespace xgrid::worker
