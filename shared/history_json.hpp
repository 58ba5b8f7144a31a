// What the history of tests has to say, as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid {

/// A list in a line. Durations are in seconds, times in seconds since 1970 (UTC); what is listed of
/// a test has the newest first.
std::string history_json(const std::vector<TestHistory>& tests);

}  // namespace xgrid
