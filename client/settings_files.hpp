// The settings that a command line unites with, each read where it stands. In the order in which
// the later adds to the earlier, or overrides it:
//
//   1. the user's       $XDG_CONFIG_HOME/xgrid/config.toml, or ~/.config/xgrid/config.toml
//   2. the project's    xgrid.toml, or [tool.xgrid] of pyproject.toml (project.hpp)
//   3. pytest's file    rsyncdirs, rsyncignore, looponfailroots, addopts; then PYTEST_ADDOPTS
//   4. conftest.py      in pytest's rootdir, as literals (python_literals.hpp); never run
//   5. the environment  XGRID_*
//
// Names and types: settings.hpp. Paths are relative to the file that names them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "client/needs_settings.hpp"
#include "client/project.hpp"
#include "client/pytest_ini.hpp"
#include "client/settings.hpp"

namespace xgrid::client {

struct FoundSettings {
    Project project;
    std::vector<Setting> values;           // in that order
    std::vector<std::string> watch_roots;  // looponfailroots; absolute
    NeedsSettings needs;                   // of units, as the first two of these files say
    std::vector<Quarantine> quarantines;   // as they say, too; also those that are over
    std::vector<std::string> warnings;     // what is ignored, and where it stands
};

/// The folder of the user's own files. Empty: there is none.
std::filesystem::path users_folder(const std::map<std::string, std::string>& variables);

/// `variables` is the environment. Throws Fatal with exit code 4 for a file or variable of xgrid's
/// that cannot be read or has a value of the wrong type; it names both.
FoundSettings read_settings(const PytestQuestion& question,
                            const std::map<std::string, std::string>& variables);

}  // namespace xgrid::client
