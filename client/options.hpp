// What `xgrid submit` is told: the run, and what is shown and written of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/display.hpp"
#include "client/environments.hpp"
#include "client/sync_settings.hpp"
#include "shared/messages.hpp"
#include "shared/token.hpp"

namespace xgrid::client {

/// The same run again and again.
struct Repeat {
    std::uint32_t times = 0;  // 0: until one is not successful
};

struct Options {
    RunSpec spec;
    Environments environments;  // all that were asked for
    std::vector<Host> hosts;    // whose workers are to be brought about
    SyncSettings sync;
    bool pack = false;          // what travels to the broker
    bool repeats = false;       // a loop on failing tests
    bool rerun_failed = false;  // only what has failed in the last run
    std::optional<Repeat> repeat;
    std::vector<std::string> watch_roots;  // what it watches; absolute; empty: the project
    std::vector<std::string> warnings;     // settings that are ignored
    Display display;
    std::string broker;  // empty: one of its own, with a worker
    Order order;
    bool detach = false;               // hand it in, and leave
    std::optional<Attached> attached;  // a run that is there already, and only followed
    bool kept = false;                 // the broker has the tree that `spec` names
    std::string junit_xml;             // a path, or empty
    std::string junit_prefix;
    std::string json;          // a path, "-" for stdout, or empty
    std::string tap;           // likewise
    std::string html;          // a path, or empty
    std::string perfetto;      // likewise
    int plugin_socket = -1;    // of the pytest plugin that shows the run; none: -1
    bool asks_pytest = false;  // something that pytest answers itself, without running a test
    std::optional<Token> credentials;  // for the broker; none: without keys

    /// stdout is for programs.
    bool stdout_taken() const { return json == "-" || tap == "-"; }
};

/// Of the command line and what it unites with (settings_files.hpp). None: help was asked for and
/// printed. Throws Fatal with exit code 4 for what makes no sense.
std::optional<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace xgrid::client
