#include "worker/workspace/listing.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace xgrid::worker {
namespace {

struct KnownObjects {
    std::unordered_map<ObjectId, const ListedFolder*, IdHash> folders;
    std::unordered_map<ObjectId, const std::string*, IdHash> targets;
};

KnownObjects known_objects(const Listing& held) {
    KnownObjects known;
    for (const ListedFolder& folder : held) {
        known.folders.emplace(folder.id, &folder);
        for (const ListedEntry& entry : folder.entries) {
            if (entry.kind == EntryKind::link) known.targets.emplace(entry.id, &entry.target);
        }
    }
    return known;
}

Result<std::string> target_of(const ObjectId& id, ObjectSource& source) {
    std::string target;
    const auto take = [&](std::string_view piece) {
        target += piece;
        return target.size() <= link_bytes_max;
    };
    Result<std::uint64_t> size = source.blob(id, take);
    if (target.size() > link_bytes_max) return Error{"a link's target is too long"};
    if (!size) return Error{size.error()};
    if (*size != target.size()) return Error{"a link's target is cut off"};
    return target;
}

class TreeReader {
public:
    TreeReader(const Listing& held, ObjectSource& source, const ListingLimits& limits,
               std::string_view reserved)
        : known_(known_objects(held)), source_(source), limits_(limits), reserved_(reserved) {}

    Result<Listing> read(const ObjectId& root) {
        listing_.push_back({.path = "", .id = root});
        depths_.push_back(0);
        for (std::size_t i = 0; i < listing_.size(); ++i) {
            if (const std::optional<Error> error = read_folder(i)) {
                return Error{fmt::format("cannot use the tree {}: {}{}{}", root.hex(), error->text,
                                         listing_[i].path.empty() ? "" : " in ", listing_[i].path)};
            }
        }
        return std::move(listing_);
    }

private:
    std::optional<Error> read_folder(std::size_t i) {
        if (depths_[i] > folders_deep_max) return Error{"it is too deep"};
        Result<std::vector<ListedEntry>> entries = entries_of(listing_[i].id);
        if (!entries) return Error{entries.error()};
        entries_ += entries->size();
        if (entries_ > limits_.entries_max) {
            return Error{fmt::format("it has more than {} entries", limits_.entries_max)};
        }
        for (ListedEntry& entry : *entries) {
            const std::string path = path_in(listing_[i].path, entry.name);
            if (path.size() > path_bytes_max) return Error{"a path is too long"};
            if (path == reserved_) return Error{fmt::format("{} is xgrid's own name", path)};
            if (entry.kind == EntryKind::link) {
                if (std::optional<Error> error = read_link(entry, depths_[i])) return error;
            }
            if (entry.kind == EntryKind::folder) {
                entry.folder = static_cast<std::uint32_t>(listing_.size());
                listing_.push_back({.path = path, .id = entry.id});
                depths_.push_back(depths_[i] + 1);
            }
        }
        listing_[i].entries = std::move(*entries);
        return std::nullopt;
    }

    Result<std::vector<ListedEntry>> entries_of(const ObjectId& id) {
        std::vector<ListedEntry> listed;
        if (const auto found = known_.folders.find(id); found != known_.folders.end()) {
            listed = found->second->entries;
            for (ListedEntry& entry : listed) entry.stat = {};
            return listed;
        }
        Result<std::string> bytes = source_.tree(id);
        if (!bytes) return Error{bytes.error()};
        Result<std::vector<TreeEntry>> entries = decode_tree(*bytes);
        if (!entries) return Error{entries.error()};
        listed.reserve(entries->size());
        for (TreeEntry& entry : *entries) {
            listed.push_back({.name = std::move(entry.name), .kind = entry.kind, .id = entry.id});
        }
        std::ranges::sort(listed, {}, &ListedEntry::name);
        return listed;
    }

    std::optional<Error> read_link(ListedEntry& entry, std::size_t depth) {
        const auto found = known_.targets.find(entry.id);
        if (found != known_.targets.end()) {
            entry.target = *found->second;
        } else {
            Result<std::string> target = target_of(entry.id, source_);
            if (!target) return Error{target.error()};
            entry.target = std::move(*target);
        }
        if (stays_within(entry.target, depth)) return std::nullopt;
        return Error{fmt::format("the link {} leads out of it", entry.name)};
    }

    KnownObjects known_;
    ObjectSource& source_;
    const ListingLimits& limits_;
    std::string_view reserved_;
    Listing listing_;
    std::vector<std::size_t> depths_;
    std::size_t entries_ = 0;
};

}  // namespace

std::int64_t history_second(const FileStat& stat) {
    constexpr std::int64_t second = 1'000'000'000;
    const bool made_up = stat.modified_ns / second > stat.changed_ns / second + seconds_ahead_max;
    return made_up ? any_second : stat.modified_ns / second;
}

const ListedEntry* find_entry(const ListedFolder& folder, std::string_view name) {
    const auto found = std::ranges::lower_bound(folder.entries, name, {}, &ListedEntry::name);
    return found != folder.entries.end() && found->name == name ? &*found : nullptr;
}

std::string path_in(const std::string& folder, std::string_view name) {
    std::string path = folder;
    if (!path.empty()) path += '/';
    return path += name;
}

std::vector<std::uint32_t> counterparts(const Listing& listing, const Listing& other) {
    std::vector<std::uint32_t> found(listing.size(), nowhere);
    if (!listing.empty() && !other.empty()) found[0] = 0;
    for (std::size_t i = 0; i < listing.size(); ++i) {
        if (found[i] == nowhere) continue;
        for (const ListedEntry& entry : listing[i].entries) {
            if (entry.kind != EntryKind::folder) continue;
            const ListedEntry* same = find_entry(other[found[i]], entry.name);
            if (same != nullptr && same->kind == EntryKind::folder) {
                found[entry.folder] = same->folder;
            }
        }
    }
    return found;
}

Result<Listing> list_tree(const ObjectId& root, const Listing& held, ObjectSource& source,
                          const ListingLimits& limits, std::string_view reserved) {
    return TreeReader(held, source, limits, reserved).read(root);
}

}  // namespace xgrid::worker
