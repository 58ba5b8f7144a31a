// The content of a snapshot's objects, for those who lack it: read again from the user's files, and
// hashed again on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "client/snapshot/snapshot.hpp"
#include "shared/descriptor.hpp"
#include "shared/object_source.hpp"

namespace xgrid::client {

/// Several threads may ask at once. An error of a file that is no longer what it was says so: then
/// a new snapshot has to be taken.
class SnapshotSource : public ObjectSource {
public:
    explicit SnapshotSource(std::shared_ptr<const Snapshot> snapshot);

    Result<std::string> tree(const ObjectId& id) override;
    /// In pieces of at most 256 KiB. When `take` gives false, that is an error too: what was taken
    /// is not checked. Where a file changed, others of the same content are tried.
    Result<std::uint64_t> blob(const ObjectId& id,
                               const std::function<bool(std::string_view)>& take) override;

    /// A blob's size; none: there is no such blob.
    std::optional<std::uint64_t> blob_bytes(const ObjectId& id) const;

    /// The path in the tree of a file or link that had that content; empty: none had.
    std::string path_of(const ObjectId& id) const;

    /// Of a large blob, from an offset on: bytes_max at most. Not verified: who puts the parts
    /// together does that. Error: the file is not there any more, or has another size.
    Result<std::string> part(const ObjectId& id, std::uint64_t offset,
                             std::uint64_t bytes_max) const;

private:
    struct Spot {
        std::uint32_t folder = 0;
        std::uint32_t entry = 0;
    };
    struct First {
        // Ids are hashes already.
        std::size_t operator()(const ObjectId& id) const;
    };
    using Take = std::function<bool(std::string_view)>;

    std::vector<Spot> others_of(const ObjectId& id, Spot known) const;
    Result<std::uint64_t> read(Spot spot, const ObjectId& id, const Take& take, bool& taken) const;

    const std::shared_ptr<const Snapshot> snapshot_;
    std::vector<Descriptor> places_;
    std::unordered_map<ObjectId, Spot, First> blobs_;
    std::unordered_map<ObjectId, std::size_t, First> trees_;
};

}  // namespace xgrid::client
