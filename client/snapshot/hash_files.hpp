// Reads and hashes what is new or changed, with both kinds of ids, in bounded memory.
#pragma once

#include <cstdint>

#include "client/snapshot/plan.hpp"
#include "client/snapshot/walk.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

/// How many they were. Those that vanished are marked as gone. Error: one cannot be read, or keeps
/// changing.
Result<std::uint64_t> hash_files(const Plan& plan, Walked& walked);

}  // namespace xgrid::client
