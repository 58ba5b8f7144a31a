#include "client/snapshot/snapshot_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "client/snapshot/disk.hpp"
#include "shared/tree.hpp"

namespace xgrid::client {
namespace {

constexpr std::size_t piece_bytes = 262'144;

Error changed(const std::string& file) {
    return Error{fmt::format("cannot send {}: it changed since the snapshot", shown(file))};
}

}  // namespace

std::size_t SnapshotSource::First::operator()(const ObjectId& id) const {
    std::size_t first = 0;
    std::memcpy(&first, id.bytes.data(), sizeof first);
    return first;
}

SnapshotSource::SnapshotSource(std::shared_ptr<const Snapshot> snapshot)
    : snapshot_(std::move(snapshot)) {
    for (const Place& place : snapshot_->places) {
        places_.emplace_back(open(place.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    blobs_.reserve(snapshot_->counts.files + snapshot_->counts.links);
    trees_.reserve(snapshot_->counts.folders);
    for (std::size_t i = 0; i < snapshot_->folders.size(); ++i) {
        const Folder& folder = snapshot_->folders[i];
        if (folder.gone) continue;
        trees_.emplace(folder.id, i);
        for (std::size_t j = 0; j < folder.entries.size(); ++j) {
            if (folder.entries[j].kind == EntryKind::folder) continue;
            const Spot spot{static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j)};
            blobs_.emplace(folder.entries[j].id, spot);
        }
    }
}

Result<std::string> SnapshotSource::tree(const ObjectId& id) {
    const auto found = trees_.find(id);
    if (found == trees_.end()) return Error{fmt::format("no tree {} in the snapshot", id.hex())};
    return encode_tree(snapshot_->folders[found->second].entries);
}

std::optional<std::uint64_t> SnapshotSource::blob_bytes(const ObjectId& id) const {
    const auto found = blobs_.find(id);
    if (found == blobs_.end()) return std::nullopt;
    return snapshot_->folders[found->second.folder].items[found->second.entry].stamp.bytes;
}

std::string SnapshotSource::path_of(const ObjectId& id) const {
    const auto found = blobs_.find(id);
    if (found == blobs_.end()) return {};
    const Folder& folder = snapshot_->folders[found->second.folder];
    return path_below(folder.path, folder.entries[found->second.entry].name);
}

Result<std::uint64_t> SnapshotSource::blob(const ObjectId& id, const Take& take) {
    const auto found = blobs_.find(id);
    if (found == blobs_.end()) return Error{fmt::format("no blob {} in the snapshot", id.hex())};
    bool taken = false;
    Result<std::uint64_t> bytes = read(found->second, id, take, taken);
    if (bytes || taken) return bytes;
    for (const Spot& spot : others_of(id, found->second)) {
        Result<std::uint64_t> of_other = read(spot, id, take, taken);
        if (of_other || taken) return of_other;
    }
    return bytes;
}

std::vector<SnapshotSource::Spot> SnapshotSource::others_of(const ObjectId& id, Spot known) const {
    std::vector<Spot> others;
    for (std::uint32_t i = 0; i < snapshot_->folders.size(); ++i) {
        const Folder& folder = snapshot_->folders[i];
        for (std::uint32_t j = 0; j < folder.entries.size(); ++j) {
            if (folder.entries[j].id != id || folder.entries[j].kind == EntryKind::folder) continue;
            if (i != known.folder || j != known.entry) others.push_back({i, j});
        }
    }
    return others;
}

Result<std::uint64_t> SnapshotSource::read(Spot spot, const ObjectId& id, const Take& take,
                                           bool& taken) const {
    const Folder& folder = snapshot_->folders[spot.folder];
    const TreeEntry& entry = folder.entries[spot.entry];
    const Item& item = folder.items[spot.entry];
    const Place& place = snapshot_->places[item.place];
    const std::string below = path_in(place, path_below(folder.path, entry.name));
    const std::string file_name = path_below(place.directory, below);
    const int directory = places_[item.place].get();

    if (entry.kind == EntryKind::link) {
        const std::optional<std::string> target = link_target(directory, below.c_str());
        if (!target || object_id(ObjectKind::blob, *target) != id) return changed(file_name);
        taken = true;
        if (!take(*target)) return Error{"stopped"};
        return std::uint64_t{target->size()};
    }

    const Descriptor file = open_below(directory, below.c_str());
    if (!file && is_gone(errno)) return changed(file_name);
    const std::optional<FileStamp> stamp = file ? stamp_of(file) : std::nullopt;
    if (!stamp) {
        const std::string why = strerror(errno);
        return Error{fmt::format("cannot read {}: {}", shown(file_name), why)};
    }
    if (!S_ISREG(stamp->mode) || stamp->bytes != item.stamp.bytes) return changed(file_name);

    ObjectHash<ObjectId> hash(ObjectKind::blob, item.stamp.bytes);
    std::string buffer(std::min<std::uint64_t>(piece_bytes, item.stamp.bytes), '\0');
    std::uint64_t left = item.stamp.bytes;
    while (left > 0) {
        const std::size_t wanted = std::min<std::uint64_t>(left, buffer.size());
        const ssize_t count = ::read(file.get(), buffer.data(), wanted);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const std::string why = strerror(errno);
            return Error{fmt::format("cannot read {}: {}", shown(file_name), why)};
        }
        if (count == 0) return changed(file_name);
        const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
        hash.add(piece);
        left -= piece.size();
        taken = true;
        if (!take(piece)) return Error{"stopped"};
    }
    if (hash.finish() != id) return changed(file_name);
    return item.stamp.bytes;
}

Result<std::string> SnapshotSource::part(const ObjectId& id, std::uint64_t offset,
                                         std::uint64_t bytes_max) const {
    const auto found = blobs_.find(id);
    if (found == blobs_.end()) return Error{fmt::format("no blob {} in the snapshot", id.hex())};
    const Folder& folder = snapshot_->folders[found->second.folder];
    const Item& item = folder.items[found->second.entry];
    const Place& place = snapshot_->places[item.place];
    const std::string& name = folder.entries[found->second.entry].name;
    const std::string below = path_in(place, path_below(folder.path, name));
    const Descriptor file = open_below(places_[item.place].get(), below.c_str());
    const std::optional<FileStamp> stamp = file ? stamp_of(file) : std::nullopt;
    if (!stamp || stamp->bytes != item.stamp.bytes || offset > stamp->bytes) {
        return changed(path_below(place.directory, below));
    }
    std::string bytes(std::min(bytes_max, stamp->bytes - offset), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = pread(file.get(), bytes.data() + done, bytes.size() - done,
                                    static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return changed(path_below(place.directory, below));
        done += static_cast<std::size_t>(count);
    }
    return bytes;
}

}  // namespace xgrid::client
