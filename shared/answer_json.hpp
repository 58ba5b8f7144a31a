// What a broker answers, as JSON: for programs, and for its web page. Pure.
#pragma once

#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid {

/// All that `xgrid status` shows.
struct Overview {
    std::string broker;   // where it is
    std::string version;  // of its program
    std::vector<RunSummary> runs;
    std::vector<WorkerSummary> workers;
    std::vector<WantedSlots> wanted;
};

/// One object or list, and the line's end. Durations are in seconds.
std::string json_of(const std::vector<RunSummary>& runs);
std::string json_of(const std::vector<WorkerSummary>& workers);
std::string json_of(const Overview& overview);
/// Of a run: what it waits for.
std::string json_of(const RunSummary& run, const std::vector<std::string>& reasons);

}  // namespace xgrid
