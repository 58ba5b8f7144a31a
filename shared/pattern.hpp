// Patterns of names, as users write them in settings. Pure.
#pragma once

#include <string>

namespace xgrid {

/// `*` is any text, also with slashes, and `?` any character; all else is itself.
bool is_match(const std::string& pattern, const std::string& name);

}  // namespace xgrid
