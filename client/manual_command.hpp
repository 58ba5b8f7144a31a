// `xgrid man`: the manual, on a terminal, or for roff.
#pragma once

#include <string>
#include <vector>

namespace xgrid::client {

/// The exit code. Throws Fatal. What is printed is the same for all users.
int show_manual(const std::vector<std::string>& arguments, const std::string& version);

}  // namespace xgrid::client
