// A snapshot's objects as the conversation sees them: nothing is ever added.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client/snapshot/snapshot_source.hpp"
#include "shared/shelf.hpp"

namespace xgrid::client {

class SnapshotShelf : public Shelf {
public:
    explicit SnapshotShelf(std::shared_ptr<const Snapshot> snapshot)
        : source_(std::move(snapshot)) {}

    std::string name() const override { return {}; }
    std::vector<WantedObject> lacks(const std::vector<WantedObject>& objects) override;
    std::uint64_t offset(const ObjectId&) override { return 0; }
    Taken take(const std::vector<Piece>&) override { return {.trouble = "nothing is kept here"}; }
    Result<Piece> read(const WantedObject& wanted, std::uint64_t bytes_max) override;

    /// Why the first object could not be read that could not; empty: all could. Any thread may ask.
    std::string trouble() const;
    /// The path in the tree of the first file that was not there any more as it was; empty: none.
    /// Any thread may ask.
    std::string lost() const;

private:
    Result<Piece> find(const WantedObject& wanted, std::uint64_t bytes_max);

    SnapshotSource source_;
    mutable std::mutex mutex_;
    std::string trouble_;
    std::string lost_;
};

}  // namespace xgrid::client
