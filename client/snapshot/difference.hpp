// How two snapshots of the same places differ.
#pragma once

#include <string>
#include <vector>

#include "client/snapshot/snapshot.hpp"

namespace xgrid::client {

/// The paths, in order, of files and links that are in one tree only, or are not the same in both.
std::vector<std::string> differences(const Snapshot& one, const Snapshot& other);

}  // namespace xgrid::client
