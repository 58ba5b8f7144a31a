// All subcommands of the program, of whatever role, as they describe themselves.
#pragma once

#include <string>
#include <vector>

#include "shared/command_text.hpp"

namespace xgrid::client {

/// Defaults that hang on the user are those of this one.
std::vector<CommandText> subcommands();

/// As a user types them.
std::vector<std::string> names_of(const std::vector<CommandText>& commands);

/// Where pytest refuses options that it does not know: a line for each of submit's that is like it.
std::string perhaps_meant(const std::string& refusal);

/// Throws Fatal with exit code 4, and says which one may be meant.
[[noreturn]] void refuse_subcommand(const std::string& name);

}  // namespace xgrid::client
