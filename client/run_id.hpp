// How a run is called where a user reads or types its name.
#pragma once

#include <string>

namespace xgrid::client {

/// As much of its id as there has to be.
inline std::string short_id(const std::string& run) { return run.substr(0, 8); }

}  // namespace xgrid::client
