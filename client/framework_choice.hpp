// Whose tests those are that a user names, as far as files tell. What kind of test binary one is,
// the slot that runs it asks it.
#pragma once

#include <string>
#include <vector>

namespace xgrid::client {

/// "binaries" for programs, "ctest" and "meson" for their build folders, else "pytest". What is not
/// there is for the framework to complain about. Throws Fatal with exit code 4 for targets of
/// several.
std::string framework_of(const std::vector<std::string>& targets, const std::string& directory);

/// The lines of a list of commands, without empty ones and those that begin with #; "-" is stdin.
/// Throws Fatal with exit code 4 if it cannot be read.
std::vector<std::string> read_commands(const std::string& path, const std::string& directory);

}  // namespace xgrid::client
