// Any command as a test: exit status 0 passes, 77 skips, as automake has it.
#pragma once

#include <memory>

#include "shared/result.hpp"
#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

/// The arguments are command lines for sh(1), a test each; -k and its expression may be among them.
Result<std::unique_ptr<Framework>> make_commands(Asked asked);

}  // namespace xgrid::worker::native
