// What there is at a broker at one moment, for those who look at it from outside of its loop.
#pragma once

#include <vector>

#include "shared/messages.hpp"

namespace xgrid::broker {

struct Snapshot {
    std::vector<WorkerSummary> workers;
    std::vector<WantedSlots> wanted;  // and not there
};

}  // namespace xgrid::broker
