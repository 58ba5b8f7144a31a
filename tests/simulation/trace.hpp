// What a reader of a trace sees: each message and each grid in one line.
#pragma once

#include <string>

#include "shared/messages.hpp"
#include "tests/simulation/world.hpp"

namespace xgrid::simulation {

/// What matters of it, in the order of its parts; long lists are cut, and that is said.
std::string describe(const Message& message);

/// The grid, its runs, and the faults that are on.
std::string describe(const Plan& plan);

}  // namespace xgrid::simulation
