// What the last snapshot of the same folders hashed, so that the next one need not read what did
// not change. Can be lost, broken or old at any time, which costs time only.
//
// The file: a mark and the format's version; for each folder its path, ids and entries; at the end
// the hash of all that. Numbers are this machine's. Entries that were written shortly before their
// snapshot may have been written again in the same tick of the file system's clock; they are kept
// as not settled, as git does with what it calls racy. So are files whose times are in the future:
// they are read each time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "client/snapshot/folder.hpp"
#include "shared/digest.hpp"
#include "shared/tree.hpp"

namespace xgrid::client {

using WallTime = std::chrono::system_clock::time_point;

struct CachedEntry {
    std::string_view name;
    EntryKind kind = EntryKind::file;
    FileStamp stamp;
    ObjectId id;
    GitId git_id;
    bool settled = false;
};
struct CachedFolder {
    ObjectId id;
    GitId git_id;
    std::vector<CachedEntry> entries;  // in git's order
};

class StatCache {
public:
    /// Of snapshots of these folders; with nothing in it if there is none that can be read.
    explicit StatCache(const std::vector<std::string>& directories);

    /// Its names are the cache's.
    std::optional<CachedFolder> folder(const std::string& path) const;
    std::size_t folders() const { return folders_.size(); }

    /// Replaces it by what a snapshot found that began then, but for folders that are gone. Failure
    /// costs time only.
    void write(const std::vector<Folder>& folders, WallTime began) const;

private:
    bool index();

    std::string file_;  // empty: there is no place for one
    std::string bytes_;
    std::unordered_map<std::string_view, std::size_t> folders_;  // where in the bytes
};

/// Whether a file is as it was, if its stamp is the same at a later time.
bool is_settled(const FileStamp& stamp, WallTime began);

}  // namespace xgrid::client
