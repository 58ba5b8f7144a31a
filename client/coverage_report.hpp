// Has an interpreter report what was measured.
#pragma once

#include "client/coverage.hpp"
#include "client/tally.hpp"

namespace xgrid::client {

/// Runs it and waits for it; it dies when the user interrupts. What cannot be run says why.
Closing report_coverage(const CoverageTask& task);

}  // namespace xgrid::client
