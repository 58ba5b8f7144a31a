// Time as an argument: what loops read off a monotonic clock, and cores are told.
#pragma once

#include <chrono>

namespace xgrid {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// Later than anything: no deadline.
constexpr Instant never = Instant::max();

}  // namespace xgrid
