// The project that a folder belongs to: the root of the tree that travels to where tests run.
#pragma once

#include <string>

#include "client/pytest_ini.hpp"

namespace xgrid::client {

struct Project {
    std::string root;      // absolute
    std::string settings;  // its xgrid.toml, or pyproject.toml with [tool.xgrid]; empty: none
};

/// The first of these that there is:
///   1. the nearest folder, from the directory upwards, with an xgrid.toml, or a pyproject.toml
///   that
///      has a [tool.xgrid];
///   2. the top of the git work tree that the directory is in (of the innermost, where they nest);
///   3. pytest's rootdir, where a file of pytest's (pytest_ini.hpp) determines it;
///   4. the directory.
Project find_project(const std::string& directory, const PytestIni& ini);

}  // namespace xgrid::client
