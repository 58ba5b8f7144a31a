// `xgrid watch`: what a broker has to do, drawn anew as it changes.
#pragma once

#include "client/command_options.hpp"

namespace xgrid::client {

/// On a terminal, or for a program with --json; returns when it is left. The exit code. Throws
/// Fatal.
int watch(const Command& command);

/// Whether it can be drawn there.
bool can_draw();

}  // namespace xgrid::client
