// Finds an attribute's values in a pickle of Python's without loading it, for a pickle is a
// program: its instructions are told apart, and none is followed.
//
// Format: protocols 2 to 5, as in CPython's Lib/pickletools.py.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace xgrid::worker::native {

/// The values of each attribute of that name that is true or false, in order; none: it is no pickle
/// that can be read like this.
std::optional<std::vector<bool>> pickled_truths(std::string_view pickle, std::string_view name);

}  // namespace xgrid::worker::native
