// What a broker answers, as JSON: for programs, and for its web page. Pure.
#pragma once

#include <map>
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
    std::map<std::string, std::vector<std::string>> why;  // runs wait, of some that do
    std::string trouble;                                  // why all this is not of now
};

/// One object or list, and the line's end. Durations are in seconds.
std::string json_of(const std::vector<RunSummary>& runs);
std::string json_of(const std::vector<WorkerSummary>& workers);
/// Those of its runs that wait say why; `trouble` is there when it is not of now.
std::string json_of(const Overview& overview);
/// Of a run: what it waits for.
std::string json_of(const RunSummary& run, const std::vector<std::string>& reasons);

}  // namespace xgrid
