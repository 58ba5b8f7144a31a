// Subcommands about runs that are elsewhere: what a broker has, and what is to become of a run.
#pragma once

#include "client/command_options.hpp"

namespace xgrid::client {

/// The exit code. Throws Fatal.
int run_command(const Command& command);

}  // namespace xgrid::client
