#include "client/snapshot/snapshot_shelf.hpp"

#include <optional>

namespace xgrid::client {

std::vector<WantedObject> SnapshotShelf::lacks(const std::vector<WantedObject>& objects) {
    std::vector<WantedObject> lacking;
    for (const WantedObject& object : objects) {
        const bool here = object.kind == ObjectKind::tree
                              ? bool(source_.tree(object.id))
                              : source_.blob_bytes(object.id).has_value();
        if (!here) lacking.push_back(object);
    }
    return lacking;
}

std::string SnapshotShelf::trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
}

std::string SnapshotShelf::lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
}

Result<Piece> SnapshotShelf::read(const WantedObject& wanted, std::uint64_t bytes_max) {
    Result<Piece> piece = find(wanted, bytes_max);
    if (!piece) {
        const std::lock_guard lock(mutex_);
        if (trouble_.empty()) trouble_ = piece.error();
        // Content that the snapshot never had is not lost.
        if (lost_.empty()) lost_ = source_.path_of(wanted.id);
    }
    return piece;
}

Result<Piece> SnapshotShelf::find(const WantedObject& wanted, std::uint64_t bytes_max) {
    Piece piece{.id = wanted.id, .kind = wanted.kind, .offset = wanted.offset};
    if (wanted.kind == ObjectKind::tree) {
        Result<std::string> tree = source_.tree(wanted.id);
        if (!tree) return Error{tree.error()};
        if (wanted.offset > tree->size()) return Error{"it is shorter than that"};
        piece.size = tree->size();
        piece.bytes = tree->substr(wanted.offset, bytes_max);
        return piece;
    }
    const std::optional<std::uint64_t> size = source_.blob_bytes(wanted.id);
    if (!size) return Error{"it is not in the snapshot"};
    piece.size = *size;
    if (wanted.offset == 0 && *size <= bytes_max) {
        Result<std::uint64_t> read = source_.blob(wanted.id, [&](std::string_view part) {
            piece.bytes += part;
            return true;
        });
        if (!read) return Error{read.error()};
        return piece;
    }
    Result<std::string> part = source_.part(wanted.id, wanted.offset, bytes_max);
    if (!part) return Error{part.error()};
    piece.bytes = std::move(*part);
    return piece;
}

}  // namespace xgrid::client
