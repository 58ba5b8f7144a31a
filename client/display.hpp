// How results are shown; names and meanings are pytest's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace xgrid::client {

enum class Colour : std::uint8_t { automatic, always, never };

/// What stands beside results: the share that is done, the number of tests, nothing.
enum class ProgressStyle : std::uint8_t { percent, count, none };

struct Display {
    int verbosity = 0;
    Colour colour = Colour::automatic;
    std::string report_chars = "wfE";  // as pytest has them in the end: no a, A, N, F or S
    std::string traceback = "auto";
    std::string show_capture = "all";
    std::optional<std::uint32_t> durations;  // so many of the slowest; 0: all
    double durations_min = 0.005;
    ProgressStyle progress = ProgressStyle::percent;
    bool header = true;
    bool summary = true;
    bool collect_only = false;
    std::string junit_xml;    // the report that will be there
    bool cut_summary = true;  // summary lines fit into the terminal
};

/// Takes over what a slot says of its settings: it has read the command line, addopts and the ini.
void adopt(Display& display, const std::map<std::string, std::string>& settings);

}  // namespace xgrid::client
