// What there is at a broker at one moment, for those who look at it from outside of its loop.
#pragma once

#include <string>
#include <vector>

#include "broker/measures.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

struct Snapshot {
    std::vector<WorkerSummary> workers;
    std::vector<WantedSlots> wanted;  // and not there
    Counts counts;
    Measures measures;
    LoopMeasures loop;
    std::string version;  // of the program
};

}  // namespace xgrid::broker
