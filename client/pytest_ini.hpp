// Which file configures pytest for a command line, by pytest's own rules, and what of it concerns
// xgrid. Reads files, decides nothing about a run. What is wrong with a file is left for pytest to
// say, which reads it in every slot.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shared/result.hpp"

namespace xgrid::client {

/// Of a command line: what decides about rootdir and ini file.
struct PytestQuestion {
    std::string directory;             // where pytest would be started; absolute
    std::vector<std::string> targets;  // files, folders, node ids
    std::string config_file;           // -c
    std::string rootdir;               // --rootdir
    bool conftest = true;              // not --noconftest
    std::vector<std::pair<std::string, std::string>> overrides;  // -o NAME=VALUE
};

struct PytestIni {
    std::string root;  // pytest's rootdir; absolute
    std::string file;  // absolute; empty: there is none
    std::map<std::string, std::variant<std::string, std::vector<std::string>>> values;

    /// A setting's words, parted as in a shell where it is one text (pytest's types args and
    /// paths).
    Result<std::vector<std::string>> words(const std::string& name) const;
};

/// In a folder: pytest.toml, .pytest.toml, pytest.ini, .pytest.ini, pyproject.toml, tox.ini,
/// setup.cfg; the first that speaks to pytest, in the folder that the targets share or the nearest
/// above it.
PytestIni find_pytest_ini(const PytestQuestion& question);

/// The question that these arguments of pytest's ask.
PytestQuestion pytest_question(const std::string& directory,
                               const std::vector<std::string>& arguments);

}  // namespace xgrid::client
