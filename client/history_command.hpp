// `xgrid history` and `xgrid flakes`: asks a broker, or what is kept on this machine.
#pragma once

#include "client/command_options.hpp"

namespace xgrid::client {

/// The exit code. Throws Fatal: nothing is known of such a test (4), or there is no answer (3).
int show_history(const Command& command);

}  // namespace xgrid::client
