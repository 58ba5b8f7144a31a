// What a broker answers, as text: for a reader. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "shared/answer_json.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

/// Open runs that could use more slots than they have: the first of them.
std::vector<std::string> waiting_runs(const std::vector<RunSummary>& runs);

/// Tables as wide as the terminal; 0: as they are.
std::string text_of(const std::vector<RunSummary>& runs, std::size_t columns);
std::string text_of(const std::vector<WorkerSummary>& workers, std::size_t columns);
std::string text_of(const Overview& overview, std::size_t columns);

/// `2 of 4 used, on 1 worker`, and `1 runs, 0 wait, 3 over`.
std::string slots_of(const Overview& overview);
std::string runs_of(const Overview& overview);
/// `2 slots more with gpu=yes`
std::string text_of(const WantedSlots& wanted);

/// What has become of it, or is about to.
std::string state_of(const RunSummary& run);
std::string state_of(const WorkerSummary& worker);
/// `2 of 3`: that it has, and could use; empty: it is over.
std::string slots_of(const RunSummary& run);
std::string labels_of(const std::map<std::string, std::string>& labels);
/// In a line, for who has to choose one.
std::string title_of(const RunSummary& run);
/// `3 passed, 1 failed`; empty: there are none.
std::string counts_of(const RunSummary& run);
/// `4 s`, `3 min`, `2 h`, `5 d`
std::string rough_time(double seconds);

}  // namespace xgrid::client
