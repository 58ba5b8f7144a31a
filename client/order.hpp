// Who submits a run, from where, and what for.
#pragma once

#include <string>
#include <vector>

namespace xgrid::client {

/// As the environment says it (USER, LOGNAME), else the system; empty: nobody knows.
std::string user_name();
/// "localhost" if it has none.
std::string host_name();
/// Somebody is likely to look at what is printed: it goes to a terminal, or this is no CI.
bool is_watched();

/// As it could be typed in a shell.
std::string as_typed(const std::vector<std::string>& words);

/// The name of the folder; that of the machine's root is "/".
std::string project_name(const std::string& root);

}  // namespace xgrid::client
