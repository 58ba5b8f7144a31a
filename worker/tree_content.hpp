// Where a workspace takes its content from: the store, and on the client's own machine the very
// files that the tree was made of. Those may have changed since: content is verified as it is read,
// and what is not what its id says is named, so that it is fetched instead.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "shared/object_source.hpp"
#include "shared/store.hpp"

namespace xgrid::worker {

class TreeContent final : public ObjectSource {
public:
    /// `places`: see TreeSpec; none of them are used unless the client is on this machine.
    TreeContent(Store& store, std::map<std::string, std::string> places)
        : store_(store), places_(std::move(places)) {}

    /// Whether a blob need not be in the store, for it is (or was just now) at that path of the
    /// tree.
    bool is_at_place(const ObjectId& id, const std::string& path);
    /// Whether anything at a place was found to be something else since this was last asked.
    bool was_deceived();

    Result<std::string> tree(const ObjectId& id) override;
    Result<std::uint64_t> blob(const ObjectId& id,
                               const std::function<bool(std::string_view)>& take) override;
    std::string file_of(const ObjectId& id) override;

private:
    std::string place_of(const std::string& path) const;
    Result<std::uint64_t> from_store(const ObjectId& id,
                                     const std::function<bool(std::string_view)>& take,
                                     std::unique_lock<std::mutex>& lock);

    Store& store_;
    std::map<std::string, std::string> places_;
    std::mutex mutex_;  // guards what is below, and the store
    std::map<ObjectId, std::string> files_;
    std::set<ObjectId> changed_;
    bool deceived_ = false;
};

}  // namespace xgrid::worker
