// What the history of tests has to say, as text: for a reader. Pure. `now` is the time of day, in
// seconds since 1970; `columns` is how wide the terminal is, 0: nothing is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

/// Of tests that were asked about: all that is known of each, or of many a line each.
std::string text_of_history(const std::vector<TestHistory>& tests, std::uint64_t now,
                            std::size_t columns);

/// Those that are flaky, with their proofs, then those that may be.
std::string text_of_flakes(const std::vector<TestHistory>& tests, std::uint64_t now,
                           std::size_t columns);

/// A letter for each outcome, as pytest has them, the oldest first: `..F.`.
std::string strip_of(const TestHistory& test);

}  // namespace xgrid::client
