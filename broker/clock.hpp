// The broker's time.
#pragma once

#include <algorithm>
#include <chrono>

#include "broker/guard.hpp"
#include "shared/instant.hpp"

namespace xgrid::broker {

/// Its own, which goes on from life to life.
class Clock {
public:
    /// Never earlier than that from now on.
    void begin_at(Instant earliest) {
        offset_ = std::max(Duration(0), earliest - std::chrono::steady_clock::now());
    }
    Instant now() const { return std::chrono::steady_clock::now() + offset_; }
    void leave_out(Duration passed) { offset_ -= passed; }
    /// With the time of day.
    Guard::Now both() const {
        return {now(), std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())};
    }

private:
    Duration offset_{0};
};

/// Since 1970: the only clock that goes on while nobody runs.
inline std::chrono::seconds wall_time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now);
}

}  // namespace xgrid::broker
