// Where broker.toml lies, and what it says now.
#pragma once

#include <filesystem>

#include "broker/config.hpp"
#include "shared/result.hpp"

namespace xgrid::broker {

struct ConfigFile {
    std::filesystem::path path;
    bool named = false;  // by --config: it has to be there
};

/// The defaults, if it is not there and need not be. Error: one line.
Result<Config> read_config(const ConfigFile& file);

}  // namespace xgrid::broker
