// What --collect-only shows: every unit's tests as the slots tell them, in the order of the units,
// in whichever order they are loaded.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

class Listing {
public:
    void add(const UnitsKnown& event);
    /// A unit's first loading counts.
    void add(const UnitLoaded& event);

    /// As a tree, or as ids: what follows on the text of the calls before, each line with its end.
    /// A unit waits for those before it.
    std::string next();
    /// At the end: what still waits, for whatever came before it has not been loaded at all.
    std::string rest();
    /// For ids: how many there are in each file, in the order of the files' names.
    std::string counts() const;

private:
    std::string text_of(const std::vector<ListedNode>& nodes);

    std::vector<std::string> order_;
    std::set<std::string> known_;  // each environment may name them
    std::size_t told_ = 0;         // so many of these
    std::map<std::string, std::vector<ListedNode>> units_;
    std::vector<ListedNode> open_;  // the node told last, below those that it is in
};

}  // namespace xgrid::client
