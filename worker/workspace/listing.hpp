// What a workspace holds, or should hold: its folders, and the entries of each.
// Knows nothing of disks; what is there is told by numbers that others read from one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/digest.hpp"
#include "shared/object_source.hpp"
#include "shared/result.hpp"
#include "shared/tree.hpp"

namespace xgrid::worker {

/// By which a file is known to be the one that was written, without reading it.
struct FileStat {
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    std::uint64_t inode = 0;

    friend bool operator==(const FileStat&, const FileStat&) = default;
};

/// What replaces a file must have a modification time of a later second than this. `any_second` if
/// its own is long after its last change: then somebody made it up.
constexpr std::int64_t any_second = INT64_MIN;
constexpr std::int64_t seconds_ahead_max = 3600;
std::int64_t history_second(const FileStat& stat);

struct ListedEntry {
    std::string name;
    EntryKind kind = EntryKind::file;
    ObjectId id;
    std::string target;        // of a link
    std::uint32_t folder = 0;  // of a folder: where it is in the listing
    FileStat stat;             // of a file or link that is there
};

struct ListedFolder {
    std::string path;  // from the root, whose own is empty
    ObjectId id;
    std::vector<ListedEntry> entries;  // by name, as bytes
};

/// Folders come before those in them; the root is the first. Empty: nothing is known.
using Listing = std::vector<ListedFolder>;

/// Null if there is none of that name.
const ListedEntry* find_entry(const ListedFolder& folder, std::string_view name);

/// "a/b", or "b" in the root.
std::string path_in(const std::string& folder, std::string_view name);

/// For each folder of `listing`, the folder at the same path in `other`; `nowhere` if there is
/// none.
constexpr std::uint32_t nowhere = UINT32_MAX;
std::vector<std::uint32_t> counterparts(const Listing& listing, const Listing& other);

struct ListingLimits {
    std::size_t entries_max = 1'000'000;
};

/// All that a tree holds. What `held` knows of it already, at whatever path, the source is not
/// asked for. Error: it cannot be read, has more entries than it may, or would be a danger: what
/// decode_tree forbids, a path too long or too deep, a link that leads out, or `reserved` in the
/// root.
Result<Listing> list_tree(const ObjectId& root, const Listing& held, ObjectSource& source,
                          const ListingLimits& limits, std::string_view reserved);

}  // namespace xgrid::worker
