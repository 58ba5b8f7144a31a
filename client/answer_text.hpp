// What a broker answers, as text: for a reader. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shared/answer_json.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

/// Tables as wide as the terminal; 0: as they are.
std::string text_of(const std::vector<RunSummary>& runs, std::size_t columns);
std::string text_of(const std::vector<WorkerSummary>& workers, std::size_t columns);
std::string text_of(const Overview& overview, std::size_t columns);

/// `3 passed, 1 failed`; empty: there are none.
std::string counts_of(const RunSummary& run);
/// `4 s`, `3 min`, `2 h`, `5 d`
std::string rough_time(double seconds);

}  // namespace xgrid::client
