// How results are shown; names and meanings are pytest's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace xgrid::client {

enum class Colour : std::uint8_t { automatic, always, never };

struct Display {
    int verbosity = 0;
    Colour colour = Colour::automatic;
    std::string report_chars = "fE";
    std::string traceback = "auto";
    std::string show_capture = "all";
    std::optional<std::uint32_t> durations;  // so many of the slowest; 0: all
    double durations_min = 0.005;
    bool header = true;
    bool summary = true;
    bool collect_only = false;
    bool cut_summary = true;  // summary lines fit into the terminal
};

}  // namespace xgrid::client
