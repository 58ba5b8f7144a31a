// The worker's loop: socket, slots' processes, clock and signals around the core. Decides nothing.
#pragma once

#include "worker/options.hpp"

namespace xgrid::worker {

/// Serves the broker until SIGTERM or SIGINT; then every process that it started is gone. The exit
/// code.
int run(const Options& options);

}  // namespace xgrid::worker
