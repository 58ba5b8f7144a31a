// Where xgrid keeps what it can do without.
#pragma once

#include <filesystem>

namespace xgrid {

/// $XGRID_CACHE_HOME, else $XDG_CACHE_HOME/xgrid, else ~/.cache/xgrid, as an absolute path; empty
/// if there is none of these.
std::filesystem::path cache_home();

}  // namespace xgrid
