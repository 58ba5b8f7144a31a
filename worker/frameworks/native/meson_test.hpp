// The tests of a Meson project: Meson has written in the build folder what they are, and the slot
// runs them as `meson test` would. A unit is a test; nothing is built before.
//
// Not as Meson: --setup, --wrapper and --benchmark; exe_wrapper of cross builds; a variable of
// environment().append/prepend is what was added alone (Meson tells no more), but for PATH, which
// has the slot's behind it. Verified with Meson 1.0.1.
#pragma once

#include <memory>

#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

std::unique_ptr<Framework> make_meson_test(Asked asked);

}  // namespace xgrid::worker::native
