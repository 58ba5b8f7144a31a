// A tree on its way to the shelf, all of it, because who has it will not stay: what of it is
// lacking, and when nothing is. Pure but for the shelf.
//
// The tree is from a stranger: what is no tree, or too much, is refused.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "shared/digest.hpp"
#include "shared/messages.hpp"
#include "shared/shelf.hpp"

namespace xgrid::broker {

class Keeping {
public:
    static constexpr std::size_t entries_max = 2'000'000;  // of all folders

    Keeping(const ObjectId& root, Shelf& shelf);

    const ObjectId& root() const { return root_; }
    /// What is lacking and was not told of yet.
    std::vector<WantedObject> take_wanted() { return std::exchange(wanted_, {}); }
    const std::unordered_set<ObjectId, IdHash>& missing() const { return missing_; }

    /// It is on the shelf now.
    void arrived(const ObjectId& id);
    /// It cannot be had. `why`: if it is not that the code changed.
    void lost(const ObjectId& id, const std::string& why);

    /// All of it is on the shelf, or never will be.
    bool over() const { return !error_.empty() || missing_.empty(); }
    /// Why it never will be.
    const std::string& error() const { return error_; }

private:
    using Level = std::vector<std::pair<ObjectId, std::size_t>>;  // trees, and how deep they are

    void walk();
    void visit(Level level);
    bool read_tree(const ObjectId& id, std::size_t depth, Level& trees,
                   std::vector<WantedObject>& blobs);
    void fail(std::string why);

    ObjectId root_;
    Shelf& shelf_;
    std::unordered_set<ObjectId, IdHash> missing_;
    std::unordered_map<ObjectId, std::size_t, IdHash> trees_;  // among them, and how deep they are
    std::unordered_set<ObjectId, IdHash> seen_;
    std::vector<WantedObject> wanted_;
    std::size_t entries_ = 0;
    bool again_ = false;  // this is the second walk
    std::string error_;
};

}  // namespace xgrid::broker
