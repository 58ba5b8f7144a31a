// Brings a tree and all that it holds onto the worker's shelf: walks it from the root, and asks for
// what is not there. Pure but for the shelf.
//
// A tree is from a stranger: what may not be written to a disk, and what is too much, is refused
// here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "shared/asking.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"
#include "shared/shelf.hpp"
#include "shared/tree.hpp"

namespace xgrid::worker {

struct FetchLimits {
    std::size_t entries_max = 2'000'000;  // of all folders
};

/// Whether a blob, found at a path of the tree, need not be fetched.
using Elsewhere = std::function<bool(const ObjectId& id, const std::string& path)>;

class TreeFetch {
public:
    /// Trees below the root that are among `known` are not looked at, nor is what they hold.
    TreeFetch(std::string run, const ObjectId& root, Shelf& shelf, FetchLimits limits = {},
              Elsewhere elsewhere = {}, const std::set<ObjectId>& known = {});

    /// Whether the broker is to pack what it gives.
    void pack(bool pack) { asking_.pack(pack); }

    /// What to send first, and on each new connection to the broker.
    std::vector<Want> connect(Instant now);
    std::vector<Want> receive(Instant now, const Content& content);
    /// To be called when next_deadline() has passed; early calls change nothing.
    std::vector<Want> advance(Instant now);
    Instant next_deadline() const { return asking_.next_deadline(); }

    /// All of it is on the shelf, elsewhere, or known.
    bool complete() const { return error_.empty() && asking_.empty(); }
    /// Why it will never be; empty: it may.
    const std::string& error() const { return error_; }

    std::uint64_t objects_received() const { return objects_; }
    std::uint64_t bytes_received() const { return bytes_; }  // as they came: packed, or not

private:
    struct Place {
        std::string path;
        std::size_t folders = 0;  // above what it holds
    };
    void visit(std::vector<std::pair<ObjectId, Place>> trees);
    bool read_tree(const ObjectId& id, const Place& place,
                   std::vector<std::pair<ObjectId, Place>>& trees,
                   std::vector<WantedObject>& blobs);
    void take_stored(const std::vector<ObjectId>& ids,
                     const std::function<void(const ObjectId&)>& arrived);
    void fail(std::string why);

    std::string run_;
    Shelf& shelf_;
    FetchLimits limits_;
    Elsewhere elsewhere_;
    Asking asking_;
    std::map<ObjectId, Place> missing_trees_;
    std::unordered_set<ObjectId, IdHash> seen_;  // or known
    std::size_t entries_ = 0;
    std::uint64_t objects_ = 0;
    std::uint64_t bytes_ = 0;
    std::string error_;
};

}  // namespace xgrid::worker
