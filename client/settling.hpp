// When a burst of changes is over: an editor writes a file in a few steps, a checkout thousands of
// files, and each is one change. Pure.
#pragma once

#include <algorithm>
#include <optional>

#include "shared/instant.hpp"

namespace xgrid::client {

struct SettlingSettings {
    /// A burst is over when nothing has come for as long as it has lasted, within these.
    Duration quiet_min = std::chrono::milliseconds(30);
    Duration quiet_max = std::chrono::milliseconds(300);
    /// One that lasts longer is looked at all the same.
    Duration burst_max = std::chrono::seconds(2);
};

class Settling {
public:
    explicit Settling(SettlingSettings settings = {}) : settings_(settings) {}

    /// Something has changed.
    void note(Instant now) {
        if (!first_) first_ = now;
        last_ = now;
    }
    /// When it is time to look; never: nothing has changed.
    Instant due() const {
        if (!first_) return never;
        const Duration quiet =
            std::clamp(last_ - *first_, settings_.quiet_min, settings_.quiet_max);
        return std::min(last_ + quiet, *first_ + settings_.burst_max);
    }
    void clear() { first_.reset(); }

private:
    SettlingSettings settings_;
    std::optional<Instant> first_;
    Instant last_;
};

}  // namespace xgrid::client
