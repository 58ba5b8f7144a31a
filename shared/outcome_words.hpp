// Outcomes of tests and ends of runs: what they mean, and each in a word for programs.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "shared/messages.hpp"

namespace xgrid {

inline bool is_failure(Outcome outcome) {
    return outcome == Outcome::failed || outcome == Outcome::error;
}

/// passed, failed, error, skipped, xfailed, xpassed.
inline std::string outcome_word(Outcome outcome) {
    static constexpr std::array words = {"passed",  "failed",  "error",
                                         "skipped", "xfailed", "xpassed"};
    return words.at(static_cast<std::size_t>(outcome));
}

/// How a run, or an environment of it, has ended.
inline std::string end_word(RunEnd end) {
    static constexpr std::array words = {"completed", "stopped",   "exit_asked",
                                         "refused",   "cancelled", "grid_failed"};
    return words.at(static_cast<std::size_t>(end));
}

}  // namespace xgrid
