#include "worker/tree_fetch.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "shared/content_limits.hpp"
#include "shared/packing.hpp"

namespace xgrid::worker {
namespace {

constexpr const char* changed =
    "the code changed, or became unreadable, while it was being sent: submit it again";

constexpr const char* damaged = "what the broker sends of the tree is damaged";

std::string joined(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
}

}  // namespace

TreeFetch::TreeFetch(std::string run, const ObjectId& root, Shelf& shelf, FetchLimits limits,
                     Elsewhere elsewhere, const std::set<ObjectId>& known)
    : run_(run),
      shelf_(shelf),
      limits_(limits),
      elsewhere_(std::move(elsewhere)),
      asking_(std::move(run), shelf.name()),
      seen_(known.begin(), known.end()) {
    visit({{root, {}}});
}

void TreeFetch::fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
}

// A level at a time: the shelf is asked once for all trees of one, and once for all that they hold.
void TreeFetch::visit(std::vector<std::pair<ObjectId, Place>> trees) {
    while (!trees.empty() && error_.empty()) {
        std::vector<WantedObject> wanted;
        for (const auto& [id, place] : trees) wanted.push_back({id, ObjectKind::tree});
        std::set<ObjectId> lacking;
        for (const WantedObject& object : shelf_.lacks(wanted)) lacking.insert(object.id);

        std::vector<std::pair<ObjectId, Place>> next;
        std::vector<WantedObject> blobs;
        for (const auto& [id, place] : trees) {
            if (lacking.contains(id)) {
                missing_trees_.emplace(id, place);
                asking_.want({id, ObjectKind::tree});
            } else if (!read_tree(id, place, next, blobs)) {
                return;
            }
        }
        for (WantedObject& object : shelf_.lacks(blobs)) {
            object.offset = shelf_.offset(object.id);
            asking_.want(object);
        }
        trees = std::move(next);
    }
}

bool TreeFetch::read_tree(const ObjectId& id, const Place& place,
                          std::vector<std::pair<ObjectId, Place>>& trees,
                          std::vector<WantedObject>& blobs) {
    Result<Piece> piece = shelf_.read({id, ObjectKind::tree}, tree_bytes_max);
    if (!piece || piece->bytes.size() != piece->size) {
        fail(fmt::format("cannot read the tree of '{}'", place.path));
        return false;
    }
    Result<std::vector<TreeEntry>> entries = decode_tree(piece->bytes);
    if (!entries) {
        fail(fmt::format("the tree of '{}' is refused: {}", place.path, entries.error()));
        return false;
    }
    entries_ += entries->size();
    if (entries_ > limits_.entries_max || place.folders > folders_deep_max) {
        fail(fmt::format(
            "the tree is refused: it has more than {} entries, or folders more than {} deep",
            limits_.entries_max, folders_deep_max));
        return false;
    }
    for (const TreeEntry& entry : *entries) {
        if (!seen_.insert(entry.id).second) continue;
        if (entry.kind == EntryKind::folder) {
            trees.push_back({entry.id, {joined(place.path, entry.name), place.folders + 1}});
        } else if (!elsewhere_ || !elsewhere_(entry.id, joined(place.path, entry.name))) {
            blobs.push_back({entry.id, ObjectKind::blob});
        }
    }
    return true;
}

std::vector<Want> TreeFetch::connect(Instant now) {
    asking_.begin_anew();
    return advance(now);
}

std::vector<Want> TreeFetch::advance(Instant now) {
    if (!error_.empty()) return {};
    return asking_.next(now);
}

// What was not wanted is not looked at, whatever is said of it.
std::vector<Want> TreeFetch::receive(Instant now, const Content& content) {
    if (content.run != run_ || !error_.empty()) return {};
    std::vector<std::pair<ObjectId, Place>> trees;
    const auto arrived = [&](const ObjectId& id) {
        asking_.settle(id);
        const auto tree = missing_trees_.find(id);
        if (tree == missing_trees_.end()) return;
        trees.emplace_back(tree->first, tree->second);
        missing_trees_.erase(tree);
    };
    Result<std::vector<Piece>> all = pieces_of(content);
    const std::vector<Piece> pieces =
        all ? asking_.wanted_of(std::move(*all)) : std::vector<Piece>();
    if (!all || !std::ranges::all_of(pieces, can_be)) {
        fail(damaged);
        return {};
    }
    const Taken taken = shelf_.take(pieces);
    if (!taken.trouble.empty()) fail(taken.trouble);
    if (!taken.damaged.empty()) fail(damaged);
    objects_ += taken.whole.size();
    for (const ObjectId& id : taken.whole) arrived(id);
    bytes_ += content.packed.size();
    for (const Piece& piece : pieces) {
        if (content.packed.empty()) bytes_ += piece.bytes.size();
        if (asking_.wants(piece.id)) asking_.has_until(piece.id, shelf_.offset(piece.id));
    }
    take_stored(content.stored, arrived);
    if (std::ranges::any_of(content.lacking, [&](const ObjectId& id) { return asking_.wants(id); }))
        fail(content.why.empty() ? changed : content.why);
    visit(std::move(trees));
    asking_.hear(now, content);
    return advance(now);
}

// They are said to be on this very shelf.
void TreeFetch::take_stored(const std::vector<ObjectId>& ids,
                            const std::function<void(const ObjectId&)>& arrived) {
    std::vector<WantedObject> said;
    for (const ObjectId& id : ids) {
        if (asking_.wants(id)) said.push_back({id});
    }
    if (said.empty()) return;
    if (!shelf_.lacks(said).empty()) fail("the broker says that it has stored what is not there");
    for (const WantedObject& object : said) arrived(object.id);
}

}  // namespace xgrid::worker
