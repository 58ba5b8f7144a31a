// The client's loop: socket, clock, signals, children and files around the core. Decides nothing.
#pragma once

#include "client/options.hpp"

namespace xgrid::client {

/// Runs what the options ask for and shows it, or hands it in, or shows what another has submitted;
/// the exit code. Throws Fatal.
int run(const Options& options);

}  // namespace xgrid::client
