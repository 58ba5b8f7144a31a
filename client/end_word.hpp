// How a run has ended, in a word for programs.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "shared/messages.hpp"

namespace xgrid::client {

inline std::string end_word(RunEnd end) {
    static constexpr std::array words = {"completed", "stopped",   "exit_asked",
                                         "refused",   "cancelled", "grid_failed"};
    return words.at(static_cast<std::size_t>(end));
}

}  // namespace xgrid::client
