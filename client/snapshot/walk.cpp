// g++ 12 takes what an optional does not hold for uninitialised (GCC bug 105562 and its like).
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "client/snapshot/walk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <utility>

#include <fmt/format.h>

#include "client/snapshot/disk.hpp"
#include "client/snapshot/selection.hpp"
#include "shared/tree.hpp"

namespace xgrid::client {
namespace {

struct Closed {
    void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, Closed>;

struct Name {
    std::string name;
    bool is_folder = false;
    Take take = Take::by_rules;
    std::size_t place = 0;
    const Beside* beside = nullptr;
};

struct Listing {
    std::vector<Name> names;
    bool has_git = false;
    bool has_rules = false;
};

// What holds in a folder.
struct Here {
    Selection::Level level;
    std::size_t index = 0;  // of the folder
    std::size_t place = 0;
    std::size_t depth = 0;
    int descriptor = -1;
};

// Goes along a folder of the cache, as the names of a walk come in the same order.
class Cursor {
public:
    explicit Cursor(std::optional<CachedFolder> folder) : folder_(std::move(folder)) {}

    const CachedEntry* find(const std::string& name, EntryKind kind) {
        if (!folder_) return nullptr;
        const std::vector<CachedEntry>& entries = folder_->entries;
        while (at_ < entries.size() &&
               comes_before(entries[at_].name, entries[at_].kind, name, kind)) {
            ++at_;
        }
        const bool found = at_ < entries.size() && entries[at_].name == name;
        return found ? &entries[at_] : nullptr;
    }
    Before before() const {
        if (!folder_) return {};
        return {.known = true,
                .entries = folder_->entries.size(),
                .id = folder_->id,
                .git_id = folder_->git_id};
    }

private:
    std::optional<CachedFolder> folder_;
    std::size_t at_ = 0;
};

class Walker {
public:
    Walker(const SnapshotSettings& settings, const Plan& plan, const StatCache& cache)
        : settings_(settings), plan_(plan), cache_(cache), selection_(settings, plan) {}

    Result<Walked> walk() {
        if (!open_places()) return Error{error_};
        walked_.folders.emplace_back();
        walked_.before.emplace_back();
        Descriptor root(open_folder(AT_FDCWD, plan_.places.front().directory.c_str()));
        if (!root) cannot_read(errno);
        if (root && walk_folder({.level = selection_.root()}, std::move(root)) && error_.empty()) {
            std::ranges::move(selection_.warnings(), std::back_inserter(walked_.warnings));
            return std::move(walked_);
        }
        return Error{error_};
    }

private:
    static int open_folder(int below, const char* name) {
        return openat(below, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    }

    bool fails(const std::string& why) {
        error_ = why;
        return false;
    }
    bool cannot_read(int error) {
        return fails(fmt::format("cannot read {}: {}", on_disk(), strerror(error)));
    }
    // Where we are, for messages.
    std::string on_disk() const {
        const Place& place = plan_.places[place_];
        const std::string below = path_in(place, path_);
        return shown(below.empty() ? place.directory : path_below(place.directory, below));
    }

    bool open_places() {
        for (const Place& place : plan_.places) {
            walked_.places.emplace_back(open_folder(AT_FDCWD, place.directory.c_str()));
            if (walked_.places.back()) continue;
            return fails(
                fmt::format("cannot read {}: {}", shown(place.directory), strerror(errno)));
        }
        return true;
    }

    bool walk_folder(Here here, Descriptor opened) {
        if (here.depth > folders_deep_max) {
            return fails(fmt::format("cannot take {} along: it is more than {} folders deep",
                                     on_disk(), folders_deep_max));
        }
        const Directory directory(fdopendir(opened.get()));
        if (!directory) return cannot_read(errno);
        here.descriptor = opened.release();
        Listing listing;
        if (!list(directory.get(), listing)) return false;
        enter(here, listing);
        choose(here, listing.names);
        if (here.index == 0 && !add_beside(listing.names)) return false;
        std::ranges::sort(listing.names, [](const Name& one, const Name& other) {
            return comes_before(one.name, entry_kind(one), other.name, entry_kind(other));
        });

        const std::string path = path_;
        Cursor cached(cache_.folder(path));
        walked_.before[here.index] = cached.before();
        Folder folder{.path = path};
        folder.entries.reserve(listing.names.size());
        folder.git_ids.reserve(listing.names.size());
        folder.items.reserve(listing.names.size());
        for (const Name& name : listing.names) {
            path_ = path_below(path, name.name);
            place_ = name.place;
            if (!add(here, name, folder, cached)) return false;
        }
        path_ = path;
        place_ = here.place;
        walked_.folders[here.index] = std::move(folder);
        return true;
    }

    static EntryKind entry_kind(const Name& name) {
        return name.is_folder ? EntryKind::folder : EntryKind::file;
    }

    bool list(DIR* directory, Listing& listing) {
        for (;;) {
            errno = 0;
            const dirent* entry = readdir(directory);
            if (entry == nullptr) return errno == 0 || is_gone(errno) || cannot_read(errno);
            const std::string_view name = entry->d_name;
            if (name == "." || name == "..") continue;
            listing.has_git = listing.has_git || name == ".git";
            listing.has_rules = listing.has_rules || name == ".gitignore";
            bool is_folder = entry->d_type == DT_DIR;
            if (entry->d_type == DT_UNKNOWN) {
                struct stat facts = {};
                const int status =
                    fstatat(dirfd(directory), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW);
                is_folder = status == 0 && S_ISDIR(facts.st_mode);
            }
            listing.names.push_back({.name = std::string(name), .is_folder = is_folder});
        }
    }

    void enter(Here& here, const Listing& listing) {
        if (listing.has_git && here.index != 0) {
            const Place& place = plan_.places[here.place];
            selection_.enter_repository(here.level, path_,
                                        path_below(place.directory, path_in(place, path_)));
        }
        if (listing.has_rules && Selection::asks_for_rules(here.level)) {
            selection_.add_rules(here.level, path_,
                                 read_rules(here.descriptor, ".gitignore", false));
        }
    }

    // Leaves those that travel.
    void choose(const Here& here, std::vector<Name>& names) {
        std::string path = path_.empty() ? "" : path_ + "/";
        const std::size_t start = path.size();
        std::erase_if(names, [&](Name& name) {
            path.resize(start);
            path += name.name;
            const std::optional<Take> take = selection_.choice(
                here.level, path,
                {.name = name.name, .place = here.place, .is_folder = name.is_folder});
            if (!take) return true;
            name.take = *take;
            name.place = here.place;
            if (fit_for_tree(name.name)) return false;
            walked_.warnings.push_back(
                fmt::format("left out {}: git keeps such names for itself", shown(path)));
            return true;
        });
    }

    bool add_beside(std::vector<Name>& names) {
        for (const Beside& beside : plan_.beside) {
            const bool clash = std::ranges::any_of(
                names, [&](const Name& name) { return name.name == beside.name; });
            if (clash) {
                return fails(
                    fmt::format("cannot take {} along: {} has an entry of the same name",
                                shown(beside.directory),
                                shown(path_below(plan_.places.front().directory, beside.name))));
            }
            names.push_back({.name = beside.name,
                             .is_folder = beside.is_folder,
                             .take = Take::everything,
                             .place = beside.place,
                             .beside = &beside});
        }
        return true;
    }

    bool add(const Here& here, const Name& name, Folder& folder, Cursor& cached) {
        if (path_.size() > path_bytes_max) {
            return fails(fmt::format("cannot take {} along: its path is longer than {} bytes",
                                     on_disk(), path_bytes_max));
        }
        if (name.is_folder) return add_folder(here, name, folder, cached);
        const int parent =
            name.beside == nullptr ? here.descriptor : walked_.places[name.place].get();
        struct stat facts = {};
        if (fstatat(parent, name.name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
            return is_gone(errno) || cannot_read(errno);
        }
        const bool is_link = S_ISLNK(facts.st_mode);
        if (!is_link && !S_ISREG(facts.st_mode)) {
            // A folder is one that took a file's place just now.
            if (!S_ISDIR(facts.st_mode)) {
                walked_.warnings.push_back(
                    fmt::format("left out {}: neither file, folder nor link", on_disk()));
            }
            return true;
        }
        Item item{.stamp = stamp_of(facts), .place = name.place};
        TreeEntry entry{.name = name.name, .kind = kind_of(item.stamp)};
        GitId git_id;
        const CachedEntry* known = cached.find(name.name, entry.kind);
        if (known != nullptr && known->settled && known->stamp == item.stamp &&
            known->kind == entry.kind) {
            entry.id = known->id;
            git_id = known->git_id;
            item.hashed = true;
            ++walked_.before[here.index].found;
        }
        if (is_link && !read_link(here, parent, entry, git_id, item)) return error_.empty();
        append(folder, std::move(entry), git_id, item);
        return true;
    }

    bool add_folder(const Here& here, const Name& name, Folder& folder, Cursor& cached) {
        Descriptor opened(name.beside == nullptr
                              ? open_folder(here.descriptor, name.name.c_str())
                              : fcntl(walked_.places[name.place].get(), F_DUPFD_CLOEXEC, 0));
        if (!opened) return is_gone(errno) || cannot_read(errno);
        const CachedEntry* known = cached.find(name.name, EntryKind::folder);
        if (known != nullptr && known->kind == EntryKind::folder) {
            ++walked_.before[here.index].found;
        }
        const std::size_t index = walked_.folders.size();
        walked_.folders.emplace_back();
        walked_.before.emplace_back();
        append(folder, {.name = name.name, .kind = EntryKind::folder}, {},
               {.folder = index, .place = name.place, .hashed = true});
        Here below{
            .level = here.level, .index = index, .place = name.place, .depth = here.depth + 1};
        below.level.take = name.take;
        return walk_folder(below, std::move(opened));
    }

    // False without an error: it does not travel.
    bool read_link(const Here& here, int parent, TreeEntry& entry, GitId& git_id, Item& item) {
        const std::optional<std::string> target = link_target(parent, entry.name.c_str());
        if (!target) return !is_gone(errno) && errno != EINVAL && cannot_read(errno);
        if (!stays_within(*target, here.depth)) {
            if (settings_.outside_links == OutsideLinks::refuse) {
                return fails(fmt::format("cannot take {} along: it leads outside, to {}", on_disk(),
                                         shown(*target)));
            }
            walked_.warnings.push_back(
                fmt::format("left out {}: it leads outside, to {}", on_disk(), shown(*target)));
            return false;
        }
        if (item.hashed) return true;
        entry.id = object_id(ObjectKind::blob, *target);
        git_id = xgrid::git_id(ObjectKind::blob, *target);
        item.hashed = true;
        return true;
    }

    static void append(Folder& folder, TreeEntry entry, const GitId& git_id, const Item& item) {
        folder.entries.push_back(std::move(entry));
        folder.git_ids.push_back(git_id);
        folder.items.push_back(item);
    }

    const SnapshotSettings& settings_;
    const Plan& plan_;
    const StatCache& cache_;
    Selection selection_;
    Walked walked_;
    std::string path_;  // in the tree, of where we are
    std::size_t place_ = 0;
    std::string error_;
};

}  // namespace

Result<Walked> walk(const SnapshotSettings& settings, const Plan& plan, const StatCache& cache) {
    return Walker(settings, plan, cache).walk();
}

}  // namespace xgrid::client
