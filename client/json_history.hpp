// What the history of tests has to say, as JSON: for a program. Pure.
#pragma once

#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

/// A list in a line. Durations are in seconds, times in seconds since 1970 (UTC); what is listed of
/// a test has the newest first.
std::string json_of(const std::vector<TestHistory>& tests);

}  // namespace xgrid::client
