// What `xgrid broker` is told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "broker/config.hpp"
#include "broker/config_file.hpp"
#include "shared/address.hpp"
#include "shared/cache_home.hpp"
#include "shared/command_text.hpp"

namespace xgrid::broker {

struct Options {
    std::string bind = "tcp://127.0.0.1:7555";
    std::filesystem::path data = state_home();  // with objects; and the journal, if not embedded
    std::uint64_t objects_bytes_max = std::uint64_t{10} << 30;
    bool keys = false;              // asks for them, as data/keys has them
    std::optional<Address> http{};  // where it answers to HTTP
    bool http_token = false;        // asks for one there
    bool log_json = false;          // what it says is JSON
    ConfigFile config_file{};
    Config config{};        // as that was at the start
    std::string version{};  // of the program
    // Of an embedded one: the history of tests, and whose it is. No file: none is kept.
    std::filesystem::path history{};
    std::string history_project{};
    bool embedded = false;  // lives and dies with its parent, which handles Ctrl-C
};

/// What `xgrid broker --help` shows.
CommandText command_text();

/// None: help was asked for and printed. Throws Fatal with exit code 4.
std::optional<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace xgrid::broker
