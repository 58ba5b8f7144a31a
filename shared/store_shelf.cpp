#include "shared/store_shelf.hpp"

#include <chrono>
#include <fstream>
#include <set>
#include <sys/stat.h>

#include <fmt/format.h>

namespace xgrid {
namespace {

Seconds now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

std::string identity_of(const std::filesystem::path& folder) {
    std::string boot;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
    struct stat facts {};
    if (boot.empty() || stat(folder.c_str(), &facts) != 0) return folder.string();
    return fmt::format("{}:{}:{}", boot, facts.st_dev, facts.st_ino);
}

bool is_small(const Piece& piece) {
    return piece.offset == 0 && piece.bytes.size() == piece.size &&
           (piece.kind == ObjectKind::tree || piece.size <= Store::small_bytes_max);
}

}  // namespace

StoreShelf::StoreShelf(Store& store, const std::filesystem::path& folder)
    : store_(store), name_(identity_of(folder)) {}

std::vector<WantedObject> StoreShelf::lacks(const std::vector<WantedObject>& objects) {
    std::vector<ObjectId> ids;
    for (const WantedObject& object : objects) ids.push_back(object.id);
    Result<std::vector<ObjectId>> lacking = store_.lacks(ids);
    if (!lacking) return objects;  // that it cannot be read shows when they are kept
    const std::set<ObjectId> known(lacking->begin(), lacking->end());
    std::vector<WantedObject> found;
    for (const WantedObject& object : objects) {
        if (known.contains(object.id)) found.push_back(object);
    }
    return found;
}

std::uint64_t StoreShelf::offset(const ObjectId& id) {
    const auto found = partial_.find(id);
    return found == partial_.end() ? 0 : found->second.offset();
}

Taken StoreShelf::take(const std::vector<Piece>& pieces) {
    Taken taken;
    std::vector<Piece> small;
    for (const Piece& piece : pieces) {
        if (is_small(piece)) {
            small.push_back(piece);
        } else if (taken.trouble.empty()) {
            keep_part(piece, taken);
        }
    }
    if (!small.empty() && taken.trouble.empty()) keep_small(small, taken);
    return taken;
}

void StoreShelf::keep_small(const std::vector<Piece>& pieces, Taken& taken) {
    std::vector<NewObject> objects;
    for (const Piece& piece : pieces) objects.push_back({piece.kind, piece.id, piece.bytes});
    if (!store_.put(now(), objects)) {
        for (const Piece& piece : pieces) taken.whole.push_back(piece.id);
        return;
    }
    // One of them spoils all: each for itself.
    for (const Piece& piece : pieces) {
        const NewObject object{piece.kind, piece.id, piece.bytes};
        const std::optional<Error> error = store_.put(now(), std::span(&object, 1));
        if (!error) {
            taken.whole.push_back(piece.id);
        } else if (object_id(piece.kind, piece.bytes) != piece.id) {
            taken.damaged.push_back(piece.id);
        } else {
            taken.trouble = error->text;
            return;
        }
    }
}

void StoreShelf::keep_part(const Piece& piece, Taken& taken) {
    auto found = partial_.find(piece.id);
    if (found == partial_.end()) {
        Result<Partial> begun = store_.receive(piece.id, piece.size);
        if (!begun) {
            taken.trouble = begun.error();
            return;
        }
        found = partial_.emplace(piece.id, std::move(*begun)).first;
    }
    Partial& partial = found->second;
    if (piece.offset == partial.offset()) {
        if (const std::optional<Error> error = partial.add(piece.bytes)) {
            taken.trouble = error->text;
            return;
        }
    }
    if (partial.offset() < piece.size) return;
    const std::optional<Error> error = store_.keep(now(), partial);
    (error ? taken.damaged : taken.whole).push_back(piece.id);
    partial_.erase(found);
}

Result<Piece> StoreShelf::read(const WantedObject& wanted, std::uint64_t bytes_max) {
    Piece piece{.id = wanted.id, .kind = wanted.kind, .offset = wanted.offset};
    if (wanted.kind == ObjectKind::tree) {
        Result<std::string> tree = store_.tree(wanted.id);
        if (!tree) return Error{tree.error()};
        piece.size = tree->size();
        if (wanted.offset > piece.size) return Error{"it is shorter than that"};
        piece.bytes = tree->substr(wanted.offset, bytes_max);
        return piece;
    }
    Result<std::uint64_t> size = store_.size(wanted.id);
    if (!size) return Error{size.error()};
    Result<std::string> bytes = store_.read_range(wanted.id, wanted.offset, bytes_max);
    if (!bytes) return Error{bytes.error()};
    piece.size = *size;
    piece.bytes = std::move(*bytes);
    return piece;
}

}  // namespace xgrid
