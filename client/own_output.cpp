#include "client/own_output.hpp"

#include <utility>

namespace xgrid::client {

OwnOutput::Sorted OwnOutput::in_round(const FileChanges& changes) {
    Sorted sorted;
    const std::set<std::string> suspects = std::exchange(suspects_, {});
    for (const FileChange& change : changes) {
        if (own_.contains(change.path)) continue;
        if (suspects.contains(change.path) && !change.path.ends_with(".py")) {
            own_.insert(change.path);
            sorted.learnt.insert(change.path);
        } else {
            sorted.changes.push_back(change);
        }
    }
    for (const FileChange& change : sorted.changes) suspects_.insert(change.path);
    return sorted;
}

}  // namespace xgrid::client
