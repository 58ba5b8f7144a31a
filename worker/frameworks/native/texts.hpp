// Small things that the readers of frameworks share: lines, places, and phases as users see them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::worker::native {

/// Without their ends ("\n", "\r\n"); the last one may have none.
std::vector<std::string_view> lines_of(std::string_view text);

struct Place {
    std::string path;  // empty: there is none
    std::uint32_t line = 0;
};
/// Of "path:12", or of "path(12)" as MSVC's tools have it.
Place place_in(std::string_view text);

/// The first line that has something in it, cut to a size that fits a summary.
std::string one_line(std::string_view text);

/// With the letter and the word that progress shows for that outcome; no texts.
Phase phase_for(Outcome outcome, const std::string& when);

}  // namespace xgrid::worker::native
