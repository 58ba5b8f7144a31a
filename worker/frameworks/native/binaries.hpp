// Test binaries as a framework: targets are paths, each is a unit, and what kind of binary it is
// the binary is asked itself, once for its content.
#pragma once

#include <memory>

#include "shared/result.hpp"
#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

/// `kind`: gtest, doctest or catch2, or empty: each binary is asked.
Result<std::unique_ptr<Framework>> make_binaries(const std::string& kind, Asked asked);

}  // namespace xgrid::worker::native
