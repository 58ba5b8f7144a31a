#include "client/snapshot/difference.hpp"

#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace xgrid::client {
namespace {

using Folders = std::map<std::string_view, const Folder*>;
using Entries = std::map<std::string_view, std::pair<EntryKind, ObjectId>>;

Folders folders_of(const Snapshot& snapshot) {
    Folders folders;
    for (const Folder& folder : snapshot.folders) {
        if (!folder.gone) folders.emplace(folder.path, &folder);
    }
    return folders;
}

// Folders in it are looked at by themselves.
Entries files_of(const Folder* folder) {
    Entries files;
    if (folder == nullptr) return files;
    for (const TreeEntry& entry : folder->entries) {
        if (entry.kind != EntryKind::folder) {
            files.emplace(entry.name, std::pair(entry.kind, entry.id));
        }
    }
    return files;
}

void compare(const std::string& path, const Folder* one, const Folder* other,
             std::set<std::string>& found) {
    const Entries ours = files_of(one);
    const Entries theirs = files_of(other);
    for (const auto& [name, what] : ours) {
        const auto same = theirs.find(name);
        if (same == theirs.end() || same->second != what) {
            found.insert(path_below(path, std::string(name)));
        }
    }
    for (const auto& [name, what] : theirs) {
        if (!ours.contains(name)) found.insert(path_below(path, std::string(name)));
    }
}

}  // namespace

std::vector<std::string> differences(const Snapshot& one, const Snapshot& other) {
    const Folders ours = folders_of(one);
    const Folders theirs = folders_of(other);
    std::set<std::string> found;
    for (const auto& [path, folder] : ours) {
        const auto same = theirs.find(path);
        const Folder* there = same == theirs.end() ? nullptr : same->second;
        if (there == nullptr || there->id != folder->id) {
            compare(folder->path, folder, there, found);
        }
    }
    for (const auto& [path, folder] : theirs) {
        if (!ours.contains(path)) compare(folder->path, nullptr, folder, found);
    }
    return {found.begin(), found.end()};
}

}  // namespace xgrid::client
