// The broker's loop: socket, clock and signals around the core. Decides nothing.
#pragma once

#include "broker/options.hpp"

namespace xgrid::broker {

/// Serves until SIGTERM or SIGINT. The exit code. Throws Fatal if it cannot listen.
int run(const Options& options);

}  // namespace xgrid::broker
