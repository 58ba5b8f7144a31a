// How many processes this one may keep busy.
#pragma once

#include <cstdint>

namespace xgrid {

/// Cores that this process may use: by its CPU affinity and by its cgroup's quota, whichever is
/// less, rounded up, and at least 1.
std::uint32_t usable_cores();

}  // namespace xgrid
