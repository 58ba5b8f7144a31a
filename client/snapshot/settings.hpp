// What of a user's files a run takes along.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgrid::client {

/// Links whose target is not surely in the tree: workers refuse trees with such.
enum class OutsideLinks : std::uint8_t { leave_out, refuse };

/// Globs of names that stay behind unless git tracks them or a folder is named as extra: what tools
/// write beside the code and make again, and what means nothing on another machine.
inline std::vector<std::string> usually_left_out() {
    return {"__pycache__", "*.pyc",         "*.pyo",       "*~",          "*.swp",
            ".DS_Store",   ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox",
            ".nox",        ".venv",         ".eggs",       ".hg",         ".svn"};
}

struct SnapshotSettings {
    /// Absolute. In one of git's working copies, what is tracked and what is not ignored travels;
    /// elsewhere everything. Repositories in it travel as files, by their own rules. No `.git`
    /// does.
    std::string root;

    /// Absolute. All that is in such a folder travels, ignored or not. One outside of the root is
    /// at the top of the tree, beside the root's own entries, under its base name. May be a file.
    std::vector<std::string> extra;

    /// Globs of base names, or, with a slash, of paths, absolute or relative to the root or the
    /// extra folder outside of it. What they match stays behind, tracked or not.
    std::vector<std::string> ignore;
    std::vector<std::string> left_out = usually_left_out();

    bool empty_folders = false;  // whether they travel, which git's trees never have
    OutsideLinks outside_links = OutsideLinks::leave_out;
};

}  // namespace xgrid::client
