// Random grids: a seed draws the suite, the grid and what goes wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "tests/simulation/world.hpp"

namespace xgrid::simulation {

Plan draw_plan(std::uint64_t seed);
/// With several environments, mostly each for every test, and with what is published.
Plan draw_plan_of_each(std::uint64_t seed);
/// Likewise, with a broker that keeps a journal, and dies often.
/// A grid without faults, of workers with a slot each, and users with a run each, which have so
/// many tests together.
Plan plan_of_scale(std::size_t workers, std::size_t users, std::size_t tests);
/// ... of several users with several runs, and few slots.
Plan draw_plan_of_users(std::uint64_t seed);
Plan draw_plan_of_lives(std::uint64_t seed);
/// Of units that need more than a slot; a fourth in each environment, a fourth with a journal.
Plan draw_plan_of_needs(std::uint64_t seed);

/// In how many grids each thing happened.
using Seen = std::map<std::string, std::uint64_t>;

/// Adds what happened to `seen`. Empty, or the rule that was broken.
std::string play(const Plan& plan, Seen& seen);

/// Plays the seed, and adds what happened to `seen`. Empty, or the rule that was broken.
std::string play(std::uint64_t seed, Seen& seen,
                 const std::function<void(const std::string&)>& trace = {});

}  // namespace xgrid::simulation
