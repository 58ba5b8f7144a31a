// `xgrid slots`: the process of a worker that starts slots of programs, as a warm interpreter
// starts those of pytest. Each slot is a fork of it. Internal: a worker starts it, nobody types it.
#pragma once

namespace xgrid::worker::native {

/// Serves the worker at that socket until it is gone; the exit code.
int serve_slots(int control);

}  // namespace xgrid::worker::native
