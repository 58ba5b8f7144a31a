// What the subcommands about runs that are elsewhere are told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/options.hpp"
#include "shared/command_text.hpp"

namespace xgrid::client {

enum class CommandKind : std::uint8_t {
    status,
    runs,
    workers,
    why,
    attach,
    cancel,
    rerun,
    history,
    flakes,
    watch
};

/// None: it is no such subcommand.
std::optional<CommandKind> command_kind(const std::string& name);

struct Command {
    CommandKind kind = CommandKind::status;
    std::string about;    // a run, or how its id begins; of history: a test, or a part of its id
    bool json = false;    // on stdout, for programs
    bool failed = false;  // only what failed
    bool stays = false;   // and shows what changes
    Options options;      // the broker; and how a run is shown
    // Of history and flakes: whose they are; empty: any at a broker, and here that folder's.
    std::string project;
    std::string project_root;
};

/// What each of them shows with --help.
std::vector<CommandText> command_texts();

/// None: help was asked for and printed. Throws Fatal with exit code 4 for what makes no sense, or
/// if no broker is named where there has to be one.
std::optional<Command> parse_command(CommandKind kind, const std::vector<std::string>& arguments);

}  // namespace xgrid::client
