#include "client/snapshot/snapshot.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "client/snapshot/hash_files.hpp"
#include "client/snapshot/plan.hpp"
#include "client/snapshot/walk.hpp"
#include "shared/tree.hpp"

namespace xgrid::client {
namespace {

// Gives the folders their ids, the innermost first.
class Trees {
public:
    Trees(const SnapshotSettings& settings, const Plan& plan, Walked& walked)
        : settings_(settings), plan_(plan), walked_(walked), as_before_(walked.folders.size()) {}

    std::optional<Error> make() {
        for (std::size_t i = walked_.folders.size(); i-- > 0;) {
            if (std::optional<Error> error = make(i)) return error;
        }
        return std::nullopt;
    }

    /// Whether the cache knew every folder as it is now.
    bool all_as_before() const { return all_as_before_; }
    std::size_t folders() const { return folders_; }

private:
    std::optional<Error> make(std::size_t index) {
        Folder& folder = walked_.folders[index];
        bool as_before = take_over(folder);
        folder.gone = folder.entries.empty() && !settings_.empty_folders && index != 0;
        if (folder.gone) return std::nullopt;
        ++folders_;
        const Before& before = walked_.before[index];
        as_before = as_before && before.known && before.found == before.entries &&
                    before.found == folder.entries.size();
        as_before_[index] = as_before;
        if (as_before) {
            folder.id = before.id;
            folder.git_id = before.git_id;
            return std::nullopt;
        }
        all_as_before_ = false;
        const std::string bytes = encode_tree(folder.entries);
        if (bytes.size() > tree_bytes_max) {
            const std::string path = path_below(plan_.places.front().directory, folder.path);
            return Error{fmt::format("cannot take {} along: it has too many entries", shown(path))};
        }
        folder.id = object_id(ObjectKind::tree, bytes);
        folder.git_id = git_id(ObjectKind::tree, encode_tree(folder.entries, folder.git_ids));
        return std::nullopt;
    }

    // Of the folders in it their ids, and leaves those entries that travel; true if each folder
    // there is as it was before.
    bool take_over(Folder& folder) {
        bool as_before = true;
        std::size_t kept = 0;
        for (std::size_t i = 0; i < folder.entries.size(); ++i) {
            if (folder.entries[i].kind == EntryKind::folder) {
                const Folder& below = walked_.folders[folder.items[i].folder];
                folder.items[i].gone = below.gone;
                folder.entries[i].id = below.id;
                folder.git_ids[i] = below.git_id;
                as_before = as_before && (below.gone || as_before_[folder.items[i].folder]);
            }
            if (folder.items[i].gone) continue;
            if (kept != i) {
                folder.entries[kept] = std::move(folder.entries[i]);
                folder.git_ids[kept] = folder.git_ids[i];
                folder.items[kept] = folder.items[i];
            }
            ++kept;
        }
        folder.entries.resize(kept);
        folder.git_ids.resize(kept);
        folder.items.resize(kept);
        return as_before;
    }

    const SnapshotSettings& settings_;
    const Plan& plan_;
    Walked& walked_;
    std::vector<bool> as_before_;
    bool all_as_before_ = true;
    std::size_t folders_ = 0;
};

void count(const Folder& folder, SnapshotCounts& counts) {
    if (folder.gone) return;
    ++counts.folders;
    for (std::size_t i = 0; i < folder.entries.size(); ++i) {
        switch (folder.entries[i].kind) {
            case EntryKind::folder: break;
            case EntryKind::link: ++counts.links; break;
            case EntryKind::file:
            case EntryKind::executable: ++counts.files; counts.bytes += folder.items[i].stamp.bytes;
        }
    }
}

// The cache of one set of folders is of no use for another.
std::vector<std::string> directories(const Plan& plan) {
    std::vector<std::string> directories;
    for (const Place& place : plan.places) directories.push_back(place.directory);
    return directories;
}

}  // namespace

Result<Snapshot> take_snapshot(const SnapshotSettings& settings, WallTime now) {
    Result<Plan> plan = make_plan(settings);
    if (!plan) return Error{plan.error()};
    const StatCache cache(directories(*plan));
    Result<Walked> walked = walk(settings, *plan, cache);
    if (!walked) return Error{walked.error()};
    Snapshot snapshot;
    Result<std::uint64_t> hashed = hash_files(*plan, *walked);
    if (!hashed) return Error{hashed.error()};
    Trees trees(settings, *plan, *walked);
    if (std::optional<Error> error = trees.make()) return *error;
    if (!trees.all_as_before() || trees.folders() != cache.folders()) {
        cache.write(walked->folders, now);
    }

    snapshot.id = walked->folders.front().id;
    snapshot.git_id = walked->folders.front().git_id;
    snapshot.warnings = std::move(walked->warnings);
    snapshot.places = std::move(plan->places);
    snapshot.folders = std::move(walked->folders);
    snapshot.counts.hashed = *hashed;
    for (const Folder& folder : snapshot.folders) count(folder, snapshot.counts);
    return snapshot;
}

}  // namespace xgrid::client
