// Trees as git has them: what a folder holds, by name, and the rules that one from a stranger must
// keep. Knows nothing of files on a disk.
//
// The bytes of a tree are git's (gitformat-pack, "tree"): for each entry the mode in octal, a
// space, the name, a zero byte, and the id; sorted by name, where a folder counts as if its name
// ended in '/'. In trees of xgrid the ids are ObjectIds, as in a git repository with SHA-256.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/digest.hpp"
#include "shared/result.hpp"

namespace xgrid {

enum class EntryKind : std::uint8_t { file, executable, link, folder };

struct TreeEntry {
    std::string name;
    EntryKind kind = EntryKind::file;
    ObjectId id;

    friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

constexpr std::size_t name_bytes_max = 255;    // of one entry: what file systems take
constexpr std::size_t path_bytes_max = 4000;   // below a tree's root
constexpr std::size_t folders_deep_max = 200;  // below a tree's root
constexpr std::size_t link_bytes_max = 4000;   // of a link's target
constexpr std::size_t tree_bytes_max = std::size_t{16} * 1024 * 1024;  // of one folder's tree

/// In git's order.
bool comes_before(std::string_view name, EntryKind kind, std::string_view other,
                  EntryKind other_kind);

/// Of entries in order. With `git_ids`, one for each entry, the tree of git's older format.
std::string encode_tree(const std::vector<TreeEntry>& entries);
std::string encode_tree(const std::vector<TreeEntry>& entries, const std::vector<GitId>& git_ids);

/// Error: why these bytes are no tree that may be written to a disk: names that lead elsewhere or
/// belong to git (fit_for_tree), out of order or twice, unknown modes (a submodule's too), cut off.
Result<std::vector<TreeEntry>> decode_tree(std::string_view bytes);

/// Not empty, ".", "..", too long, with a '/' or zero byte, nor a name that some file system takes
/// for ".git".
bool fit_for_tree(std::string_view name);

/// Whether a link in a folder `folders` below the tree's root stays within the tree, whatever else
/// the tree holds: its target is relative, begins with no more than `folders` times "..", and has
/// none after that (a link on the way may lead up, and ".." from there further up).
bool stays_within(std::string_view target, std::size_t folders);

}  // namespace xgrid
