// Random grids: a seed draws the suite, the grid and what goes wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/simulation/world.hpp"

namespace xgrid::simulation {

Plan draw_plan(std::uint64_t seed);

/// Plays the seed. Empty, or the rule that was broken.
std::string play(std::uint64_t seed, const std::function<void(const std::string&)>& trace = {});

}  // namespace xgrid::simulation
