// What a run's specification comes to in one of its environments. Pure.
#pragma once

#include <cstdint>

#include "shared/messages.hpp"

namespace xgrid {

/// The run's environments; one without any demand, if it names none. At least one slot in all.
std::vector<Environment> environments_of(const RunSpec& spec);

/// What a slot there is told: without environments, but with what the one of that number asks for.
/// A number that is none of theirs stands for the only one of a run that names none.
RunSpec in_environment(RunSpec spec, std::uint32_t number);

}  // namespace xgrid
