// The store of this machine as the conversation sees it: objects that come and go in pieces.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "shared/partial.hpp"
#include "shared/shelf.hpp"
#include "shared/store.hpp"

namespace xgrid {

class StoreShelf : public Shelf {
public:
    /// Of blobs that are half there so many are open; others are gone on with when a piece comes.
    static constexpr std::size_t partial_max = 128;
    /// Trees that are half there are in memory, and begin anew when they are more.
    static constexpr std::size_t partial_tree_bytes_max = std::size_t{64} * 1024 * 1024;
    /// So much of what came last is in memory as well: most of it is read at once, to be given on.
    static constexpr std::size_t recent_bytes_max = std::size_t{2} * 1024 * 1024;

    /// The store is this machine's as long as nothing else is mounted over its folder.
    StoreShelf(Store& store, const std::filesystem::path& folder);

    std::string name() const override { return name_; }
    std::vector<WantedObject> lacks(const std::vector<WantedObject>& objects) override;
    std::uint64_t offset(const ObjectId& id) override;
    Taken take(const std::vector<Piece>& pieces) override;
    Result<Piece> read(const WantedObject& wanted, std::uint64_t bytes_max) override;

private:
    void keep_small(const std::vector<const Piece*>& pieces, Taken& taken);
    void remember(const Piece& piece);
    void keep_part(const Piece& piece, Taken& taken);
    void keep_tree_part(const Piece& piece, Taken& taken);

    Store& store_;
    std::string name_;
    std::map<ObjectId, Partial> partial_;
    std::map<ObjectId, std::string> partial_trees_;
    std::size_t partial_tree_bytes_ = 0;
    std::map<ObjectId, Piece> recent_;  // whole and verified, of the last take()
    std::size_t recent_bytes_ = 0;
};

}  // namespace xgrid
