// What is said of a test binary that does not list its tests.
#pragma once

#include <string>

#include "shared/result.hpp"
#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

/// `why` of what it did tell; with how it ended, and what it wrote to its error output.
Error no_list(const Ran& ran, const std::string& why);

}  // namespace xgrid::worker::native
