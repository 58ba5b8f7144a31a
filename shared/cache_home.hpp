// Where xgrid keeps what it can do without, and what it cannot.
#pragma once

#include <filesystem>

namespace xgrid {

/// $XGRID_CACHE_HOME, else $XDG_CACHE_HOME/xgrid, else ~/.cache/xgrid, as an absolute path; empty
/// if there is none of these.
std::filesystem::path cache_home();

/// What it cannot do without: $XGRID_STATE_HOME, else $XDG_STATE_HOME/xgrid, else
/// ~/.local/state/xgrid, likewise.
std::filesystem::path state_home();

}  // namespace xgrid
