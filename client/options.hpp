// What `xgrid submit` is told: the run, and what is shown and written of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

enum class Colour : std::uint8_t { automatic, always, never };

/// How results are shown; names are pytest's.
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
};

struct Options {
    RunSpec spec;
    Display display;
    std::string broker;     // empty: one of its own, with a worker
    std::string junit_xml;  // a path, or empty
    std::string junit_prefix;
    std::string json;  // a path, "-" for stdout, or empty
};

/// None: help was asked for and printed. Throws Fatal with exit code 4 for what makes no sense.
std::optional<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace xgrid::client
