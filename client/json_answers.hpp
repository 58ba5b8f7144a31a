// What a broker answers, as JSON: for a program. Pure.
#pragma once

#include <string>
#include <vector>

#include "client/answer_text.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

/// One object or list, and the line's end. Durations are in seconds.
std::string json_of(const std::vector<RunSummary>& runs);
std::string json_of(const std::vector<WorkerSummary>& workers);
/// Those of its runs that wait say why; `trouble` is there when it is not of now.
std::string json_of(const Overview& overview);
/// Of a run: what it waits for.
std::string json_of(const RunSummary& run, const std::vector<std::string>& reasons);

}  // namespace xgrid::client
