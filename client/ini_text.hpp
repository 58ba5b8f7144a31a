// The text of an ini file, as pytest's reader (iniconfig) takes it. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "shared/result.hpp"

namespace xgrid::client {

using IniSection = std::map<std::string, std::string>;

/// By section. `name = value` or `name: value`; indented lines continue a value, after a newline;
/// lines that begin with '#' or ';' are comments. Error: the line that is none of these, or a
/// section or name that is there twice.
Result<std::map<std::string, IniSection>> parse_ini(std::string_view text);

}  // namespace xgrid::client
