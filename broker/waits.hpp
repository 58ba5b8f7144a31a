// Why a run has no more slots than it has, as its user is told it: a line for each reason, with
// what to do about it. Pure.
#pragma once

#include <string>
#include <vector>

#include "broker/answers.hpp"

namespace xgrid::broker {

/// At least one line.
std::vector<std::string> reasons_to_wait(const Scene& scene, const KnownRun& run);

/// What is said of a run that is over.
std::string is_over(const std::string& run);

}  // namespace xgrid::broker
