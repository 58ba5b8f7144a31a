// `xgrid plugin`: gives the pytest plugin to an interpreter, or says where it lies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/command_text.hpp"

namespace xgrid::client {

struct PluginCommand {
    std::string action;  // install, uninstall, path
    std::string python = "python3";
    std::string folder;  // empty: where that interpreter has its packages
    std::string version;
};

/// What `xgrid plugin --help` shows.
CommandText plugin_text();

/// None: help was asked for and printed. Throws Fatal with exit code 4.
std::optional<PluginCommand> parse_plugin_command(const std::vector<std::string>& arguments);

/// The exit code.
int run_plugin_command(const PluginCommand& command);

}  // namespace xgrid::client
