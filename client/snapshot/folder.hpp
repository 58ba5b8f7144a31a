// What a snapshot found on the disk: folders, and what each holds. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shared/digest.hpp"
#include "shared/tree.hpp"

namespace xgrid::client {

/// Of a file or link, by which a change shows. Times are the file system's, since 1970.
struct FileStamp {
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    std::uint64_t bytes = 0;
    std::uint64_t inode = 0;
    std::uint64_t mode = 0;

    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// A folder on the disk, and where its content is in the tree.
struct Place {
    std::string directory;  // absolute
    std::string at;         // empty: the tree's root
};

/// What is known of an entry beside its TreeEntry.
struct Item {
    FileStamp stamp;         // of files and links
    std::size_t folder = 0;  // of folders: which one
    std::size_t place = 0;   // of the others: where it is found
    bool hashed = false;
    bool gone = false;
};

struct Folder {
    std::string path;  // in the tree; empty: its root
    std::vector<TreeEntry> entries;
    std::vector<GitId> git_ids;  // one for each entry, as the items
    std::vector<Item> items;
    ObjectId id;
    GitId git_id;
    bool gone = false;  // nothing in it travels
};

/// Of a file or link.
EntryKind kind_of(const FileStamp& stamp);

/// "folder/name", or the name alone in the root.
std::string path_below(const std::string& folder, const std::string& name);

/// Where a path of the tree is on the disk: relative to the place, which it must be in.
std::string path_in(const Place& place, const std::string& path);

/// For messages: paths are any bytes.
std::string shown(const std::string& path);

}  // namespace xgrid::client
