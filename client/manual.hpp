// Manual pages, as man(7) has them: of what a subcommand says of itself, and of what only a manual
// tells (manual_facts.hpp). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/command_text.hpp"

namespace xgrid::client {

/// Others are told of in the program's own page.
bool has_page(const CommandText& command);

/// `xgrid-NAME.1`
std::string manual_page(const CommandText& command, std::string_view version);

/// `xgrid.1`
std::string manual_page(const std::vector<CommandText>& all, std::string_view version);

}  // namespace xgrid::client
