// The last line of a run, in pytest's words: "1 failed, 2 passed in 0.53s".
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "client/markup.hpp"
#include "client/tally.hpp"
#include "shared/instant.hpp"

namespace xgrid::client {

/// The colour that the whole run is shown in.
Hue run_hue(const Tally& tally);

/// With the counts in colours of their own; without the line's end.
std::string summary_line(const Tally& tally, Duration took, bool collect_only, bool framed,
                         const Markup& markup);

/// "1 failed, 2 passed": in pytest's order. Empty: no counts.
std::string counts_text(const std::map<std::string, std::uint64_t>& counts);

/// "0.53s", "65.20s (0:01:05)"
std::string took_text(Duration took);

}  // namespace xgrid::client
