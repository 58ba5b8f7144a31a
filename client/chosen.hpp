// A run of some of the suite's tests, by their ids.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

/// Of all that the run would run, these alone: its arguments end with an option that the slot takes
/// the ids behind it for (worker/frameworks/pytest/chosen.py). Those of an earlier choice go.
inline void choose(RunSpec& spec, const std::vector<std::string>& ids) {
    const std::string option = "--xgrid-chosen";
    std::vector<std::string>& arguments = spec.arguments;
    arguments.erase(std::ranges::find(arguments, option), arguments.end());
    arguments.push_back(option);
    arguments.insert(arguments.end(), ids.begin(), ids.end());
    spec.confirm = false;  // other files' imports, which might matter, are not at hand
}

}  // namespace xgrid::client
