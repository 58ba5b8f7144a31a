// Text into words, as a POSIX shell splits it, without expanding anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/result.hpp"

namespace xgrid::client {

/// As Python's shlex.split: blanks part words, quotes and backslashes keep them together; '#' is a
/// letter like any other. Error: a quote that is not closed, or a backslash with nothing after it.
Result<std::vector<std::string>> split_words(std::string_view text);

/// Without blanks at either end.
std::string_view trimmed(std::string_view text);

}  // namespace xgrid::client
