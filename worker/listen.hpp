// A worker that waits to be dialled: its socket, its gate, and a worker process for each session,
// whose messages it carries to and from the client that dialled. Decides nothing.
#pragma once

#include "worker/options.hpp"

namespace xgrid::worker {

/// Serves those who dial until SIGTERM or SIGINT; then every process that it started is gone. The
/// exit code. Throws Fatal if it cannot listen.
int listen(const Options& options);

}  // namespace xgrid::worker
