#include "client/watching.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "client/snapshot/difference.hpp"
#include "client/snapshot/folder.hpp"

namespace xgrid::client {
namespace {

constexpr Duration poll_interval = std::chrono::seconds(1);
// Looks take no more than this part of the time.
constexpr int poll_share = 10;
// What keeps changing is told all the same.
constexpr Duration wait_max = std::chrono::seconds(2);

std::string absolute(const Snapshot& snapshot, const std::string& path, std::size_t place) {
    const Place& there = snapshot.places[place];
    const std::string below = path_in(there, path);
    return below.empty() ? there.directory : path_below(there.directory, below);
}

std::vector<std::string> folders_of(const Snapshot& snapshot) {
    std::vector<std::string> folders;
    std::vector<std::size_t> places(snapshot.folders.size(), 0);
    for (std::size_t i = 0; i < snapshot.folders.size(); ++i) {
        const Folder& folder = snapshot.folders[i];
        folders.push_back(absolute(snapshot, folder.path, places[i]));
        for (std::size_t entry = 0; entry < folder.entries.size(); ++entry) {
            const Item& item = folder.items[entry];
            if (folder.entries[entry].kind == EntryKind::folder) {
                places[item.folder] = item.place;
            } else if (item.place != places[i]) {
                // A file from elsewhere: its folder tells of it.
                folders.push_back(snapshot.places[item.place].directory);
            }
        }
    }
    return folders;
}

struct File {
    std::string path;  // absolute
    std::pair<EntryKind, ObjectId> content;
};

// By path in the tree.
class Files {
public:
    explicit Files(const Snapshot& snapshot) : snapshot_(snapshot) {
        for (const Folder& folder : snapshot.folders) folders_.emplace(folder.path, &folder);
    }

    std::optional<File> find(const std::string& path) const {
        const std::size_t slash = path.rfind('/');
        const auto folder = folders_.find(slash == std::string::npos ? "" : path.substr(0, slash));
        if (folder == folders_.end()) return std::nullopt;
        const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
        const std::vector<TreeEntry>& entries = folder->second->entries;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (entries[i].name != name || entries[i].kind == EntryKind::folder) continue;
            return File{absolute(snapshot_, path, folder->second->items[i].place),
                        {entries[i].kind, entries[i].id}};
        }
        return std::nullopt;
    }

private:
    const Snapshot& snapshot_;
    std::unordered_map<std::string, const Folder*> folders_;
};

// One that is gone, and one that is new with the same content, is one that was renamed.
void add_changes(const Snapshot& before, const Snapshot& after, FileChanges& changes) {
    const std::vector<std::string> paths = differences(before, after);
    if (paths.empty()) return;
    const Files ours(before);
    const Files theirs(after);
    std::map<std::pair<EntryKind, ObjectId>, std::vector<std::string>> removed;
    std::vector<File> added;
    for (const std::string& path : paths) {
        const std::optional<File> old = ours.find(path);
        std::optional<File> fresh = theirs.find(path);
        if (old && fresh) {
            changes.push_back({FileChange::Kind::modified, fresh->path, ""});
        } else if (old) {
            removed[old->content].push_back(old->path);
        } else if (fresh) {
            added.push_back(*std::move(fresh));
        }
    }
    for (File& file : added) {
        const auto same = removed.find(file.content);
        if (same == removed.end() || same->second.empty()) {
            changes.push_back({FileChange::Kind::added, std::move(file.path), ""});
        } else {
            changes.push_back(
                {FileChange::Kind::renamed, std::move(file.path), same->second.back()});
            same->second.pop_back();
        }
    }
    for (const auto& [content, names] : removed) {
        for (const std::string& name : names) {
            changes.push_back({FileChange::Kind::removed, name, ""});
        }
    }
}

}  // namespace

Watching::Watching(Instant now, std::vector<SnapshotSettings> places) : places_(std::move(places)) {
    look(now);
}

void Watching::look(Instant now) {
    settling_.clear();
    look_again_at_ = never;
    looked_at_ = now;
    for (const SnapshotSettings& place : places_) {
        looks_.push_back(std::make_unique<SnapshotTask>(place));
    }
}

void Watching::look_soon(Instant now) {
    if (watches_.hear() || !watches_.trouble().empty()) settling_.note(now);
}

std::optional<FileChanges> Watching::advance(Instant now) {
    if (watches_.hear()) settling_.note(now);
    if (looks_.empty() && now >= std::min(settling_.due(), look_again_at_)) look(now);
    Seen seen;
    for (const auto& look : looks_) {
        auto result = look->result();
        if (!result) return std::nullopt;
        trouble_ = *result ? "" : result->error();
        if (!*result) break;
        seen.push_back(**result);
    }
    if (looks_.empty()) return std::nullopt;
    looks_.clear();
    if (!trouble_.empty()) {
        look_again_at_ = now + poll_interval;
        return std::nullopt;
    }
    return compare(now, std::move(seen));
}

std::optional<FileChanges> Watching::compare(Instant now, Seen seen) {
    std::vector<std::string> folders;
    for (const auto& snapshot : seen) {
        const std::vector<std::string> more = folders_of(*snapshot);
        folders.insert(folders.end(), more.begin(), more.end());
    }
    // What happens in a folder before it is watched is not told.
    const bool again = watches_.watch(folders);
    if (!watches_.trouble().empty()) {
        look_again_at_ = now + std::max(poll_interval, poll_share * (now - looked_at_));
    }
    if (again) {
        look(now);
        return std::nullopt;
    }
    if (seen_.empty()) {
        seen_ = std::move(seen);
        return std::nullopt;
    }
    FileChanges changes;
    for (std::size_t i = 0; i < seen.size(); ++i) add_changes(*seen_[i], *seen[i], changes);
    // More is on its way, and belongs to it.
    if (!changes.empty() && settling_.due() != never) {
        if (!waits_since_) waits_since_ = now;
        if (now < *waits_since_ + wait_max) return std::nullopt;
    }
    waits_since_.reset();
    seen_ = std::move(seen);
    if (changes.empty()) return std::nullopt;
    std::ranges::sort(changes, {}, &FileChange::path);
    return changes;
}

void Watching::watch(std::vector<zmq::pollitem_t>& items) const {
    if (watches_.descriptor() >= 0)
        items.push_back({nullptr, watches_.descriptor(), ZMQ_POLLIN, 0});
    for (const auto& look : looks_) items.push_back({nullptr, look->descriptor(), ZMQ_POLLIN, 0});
}

Instant Watching::next_deadline() const {
    return looks_.empty() ? std::min(settling_.due(), look_again_at_) : never;
}

std::size_t Watching::files() const {
    std::size_t files = 0;
    for (const auto& snapshot : seen_) files += snapshot->counts.files + snapshot->counts.links;
    return files;
}

}  // namespace xgrid::client
