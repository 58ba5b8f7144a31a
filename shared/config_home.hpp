// Where a user keeps what xgrid is to go by: settings, keys, tokens.
#pragma once

#include <filesystem>
#include <string>

namespace xgrid {

/// $XDG_CONFIG_HOME/xgrid, else ~/.config/xgrid, of values of these variables; empty: neither is an
/// absolute path.
std::filesystem::path config_home(const std::string& xdg_config_home, const std::string& home);

/// Of this process's environment.
std::filesystem::path config_home();

}  // namespace xgrid
