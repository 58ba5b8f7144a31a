// What the history of tests has to say, as JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid {

/// Since when it is flaky, or may be, as far as is known: seconds since 1970 (UTC); 0: it is not.
std::uint64_t flaky_since(const TestHistory& test);

/// A list in a line. Durations are in seconds, times in seconds since 1970 (UTC); what is listed of
/// a test has the newest first.
std::string history_json(const std::vector<TestHistory>& tests);

}  // namespace xgrid
