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
    const auto tree = partial_trees_.find(id);
    if (tree != partial_trees_.end()) return tree->second.size();
    const auto found = partial_.find(id);
    return found == partial_.end() ? 0 : found->second.offset();
}

Taken StoreShelf::take(const std::vector<Piece>& pieces) {
    Taken taken;
    recent_.clear();
    recent_bytes_ = 0;
    std::vector<const Piece*> small;
    for (const Piece& piece : pieces) {
        if (is_small(piece)) {
            small.push_back(&piece);
        } else if (taken.trouble.empty()) {
            piece.kind == ObjectKind::tree ? keep_tree_part(piece, taken) : keep_part(piece, taken);
        }
    }
    if (!small.empty() && taken.trouble.empty()) keep_small(small, taken);
    return taken;
}

void StoreShelf::keep_small(const std::vector<const Piece*>& pieces, Taken& taken) {
    std::vector<NewObject> objects;
    for (const Piece* piece : pieces) objects.push_back({piece->kind, piece->id, piece->bytes});
    if (!store_.put(now(), objects)) {
        for (const Piece* piece : pieces) {
            taken.whole.push_back(piece->id);
            remember(*piece);
        }
        return;
    }
    // One of them spoils all: each for itself.
    for (const Piece* piece : pieces) {
        const NewObject object{piece->kind, piece->id, piece->bytes};
        const std::optional<Error> error = store_.put(now(), std::span(&object, 1));
        if (!error) {
            taken.whole.push_back(piece->id);
            remember(*piece);
        } else if (object_id(piece->kind, piece->bytes) != piece->id) {
            taken.damaged.push_back(piece->id);
        } else {
            taken.trouble = error->text;
            return;
        }
    }
}

void StoreShelf::remember(const Piece& piece) {
    if (recent_bytes_ + piece.bytes.size() > recent_bytes_max) return;
    recent_bytes_ += piece.bytes.size();
    recent_.insert_or_assign(piece.id, piece);
}

void StoreShelf::keep_part(const Piece& piece, Taken& taken) {
    auto found = partial_.find(piece.id);
    if (found == partial_.end()) {
        if (partial_.size() >= partial_max) partial_.erase(partial_.begin());
        Result<Partial> begun = store_.receive(piece.id, piece.size);
        if (!begun) {
            taken.trouble = begun.error();
            return;
        }
        found = partial_.emplace(piece.id, std::move(*begun)).first;
    }
    Partial& partial = found->second;
    if (piece.size != partial.size()) {
        taken.damaged.push_back(piece.id);
        partial_.erase(found);
        return;
    }
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

void StoreShelf::keep_tree_part(const Piece& piece, Taken& taken) {
    if (partial_tree_bytes_ + piece.bytes.size() > partial_tree_bytes_max) {
        partial_trees_.clear();
        partial_tree_bytes_ = 0;
    }
    const auto found = partial_trees_.try_emplace(piece.id).first;
    std::string& text = found->second;
    if (piece.offset == text.size()) {
        text += piece.bytes;
        partial_tree_bytes_ += piece.bytes.size();
    }
    if (text.size() < piece.size) return;
    const std::string whole = std::move(text);
    partial_tree_bytes_ -= whole.size();
    partial_trees_.erase(found);
    const Piece all{.id = piece.id, .kind = piece.kind, .size = whole.size(), .bytes = whole};
    keep_small({&all}, taken);
}

Result<Piece> StoreShelf::read(const WantedObject& wanted, std::uint64_t bytes_max) {
    Piece piece{.id = wanted.id, .kind = wanted.kind, .offset = wanted.offset};
    const auto recent = recent_.find(wanted.id);
    if (recent != recent_.end() && recent->second.kind == wanted.kind) {
        piece.size = recent->second.size;
        if (wanted.offset > piece.size) return Error{"it is shorter than that"};
        piece.bytes = recent->second.bytes.substr(wanted.offset, bytes_max);
        return piece;
    }
    if (wanted.kind == ObjectKind::tree) {
        Result<std::string> tree = store_.tree(wanted.id);
        if (!tree) return Error{tree.error()};
        piece.size = tree->size();
        if (wanted.offset > piece.size) return Error{"it is shorter than that"};
        piece.bytes = tree->substr(wanted.offset, bytes_max);
        return piece;
    }
    Result<std::string> bytes = store_.read_range(wanted.id, wanted.offset, bytes_max);
    if (!bytes) return Error{bytes.error()};
    piece.bytes = std::move(*bytes);
    piece.size = wanted.offset + piece.bytes.size();
    if (piece.bytes.size() < bytes_max) return piece;  // it ends there
    Result<std::uint64_t> size = store_.size(wanted.id);
    if (!size) return Error{size.error()};
    piece.size = *size;
    return piece;
}

}  // namespace xgrid
