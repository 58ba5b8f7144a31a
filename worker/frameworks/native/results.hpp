// Results of tests that have one phase, as reports show them.
#pragma once

#include <string>

#include "shared/messages.hpp"

namespace xgrid::worker::native {

/// Of that outcome; `why` in one line, `text` in as many as it takes (empty: as `why`).
TestResult result_of(Outcome outcome, const std::string& why = {}, const std::string& text = {});

}  // namespace xgrid::worker::native
