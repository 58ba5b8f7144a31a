#include "broker/keeping.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "shared/tree.hpp"

namespace xgrid::broker {
namespace {

constexpr const char* changed = "the code changed, or became unreadable, while it was being sent";

}  // namespace

Keeping::Keeping(const ObjectId& root, Shelf& shelf) : root_(root), shelf_(shelf) { walk(); }

void Keeping::walk() {
    seen_ = {root_};
    entries_ = 0;
    visit({{root_, 0}});
}

void Keeping::fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
}

// A level at a time: the shelf is asked once for all trees of one, and once for all that they hold.
void Keeping::visit(Level level) {
    while (!level.empty() && error_.empty()) {
        std::vector<WantedObject> trees;
        for (const auto& [id, depth] : level) trees.push_back({id, ObjectKind::tree});
        std::set<ObjectId> lacking;
        for (const WantedObject& tree : shelf_.lacks(trees)) lacking.insert(tree.id);
        Level next;
        std::vector<WantedObject> blobs;
        for (const auto& [id, depth] : level) {
            if (lacking.contains(id)) {
                missing_.insert(id);
                trees_.emplace(id, depth);
                wanted_.push_back({id, ObjectKind::tree});
            } else if (!read_tree(id, depth, next, blobs)) {
                return;
            }
        }
        for (WantedObject& blob : shelf_.lacks(blobs)) {
            blob.offset = shelf_.offset(blob.id);
            missing_.insert(blob.id);
            wanted_.push_back(blob);
        }
        level = std::move(next);
    }
    if (again_ && !missing_.empty()) {
        fail(
            "the broker's store does not hold all of it at once: start the broker with more "
            "--cache-size");
    }
}

bool Keeping::read_tree(const ObjectId& id, std::size_t depth, Level& trees,
                        std::vector<WantedObject>& blobs) {
    Result<Piece> piece = shelf_.read({id, ObjectKind::tree}, tree_bytes_max);
    Result<std::vector<TreeEntry>> entries =
        piece && piece->bytes.size() == piece->size
            ? decode_tree(piece->bytes)
            : Result<std::vector<TreeEntry>>(Error{"it cannot be read"});
    if (!entries) {
        fail(fmt::format("a folder of the tree is refused: {}", entries.error()));
        return false;
    }
    entries_ += entries->size();
    if (entries_ > entries_max || depth > folders_deep_max) {
        fail(fmt::format(
            "the tree is refused: it has more than {} entries, or folders more than {} deep",
            entries_max, folders_deep_max));
        return false;
    }
    for (const TreeEntry& entry : *entries) {
        if (!seen_.insert(entry.id).second) continue;
        if (entry.kind == EntryKind::folder) {
            trees.emplace_back(entry.id, depth + 1);
        } else {
            blobs.push_back({entry.id, ObjectKind::blob});
        }
    }
    return true;
}

void Keeping::arrived(const ObjectId& id) {
    if (missing_.erase(id) == 0) return;
    if (const auto tree = trees_.extract(id)) visit({{id, tree.mapped()}});
    if (!missing_.empty() || !error_.empty() || again_) return;
    // A shelf that is full may have let go of what came first.
    again_ = true;
    walk();
}

void Keeping::lost(const ObjectId& id, const std::string& why) {
    if (missing_.contains(id)) fail(why.empty() ? changed : why);
}

}  // namespace xgrid::broker
