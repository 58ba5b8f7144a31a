// What settings files and the command line say together, before it is known what it means. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/settings.hpp"

namespace xgrid::client {

struct United {
    std::vector<Setting> repeated;       // all of them, in order
    std::vector<std::string> arguments;  // of each other option the last counts
    std::vector<std::string> pytest;     // those of files that pytest, in the slots, must know
    std::map<std::string, std::string> presets;  // what files have set, as errors call it
};

/// `ours` comes after `files`; its options have their main names, and their paths are relative to
/// `directory`, which is absolute.
United unite(const std::vector<Setting>& files, const std::vector<std::string>& ours,
             const std::string& directory);

/// Options that xgrid acts on and pytest, in the slots, does too.
bool is_both(const std::string& name);

/// The same option, with its value, by the name that the parser knows.
// Boost takes "long,s" with a one-letter s only: second names are spelled out before it looks.
std::string with_main_name(const std::string& argument);

}  // namespace xgrid::client
