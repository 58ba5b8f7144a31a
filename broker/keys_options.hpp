// What `xgrid keys` is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "broker/rights.hpp"
#include "shared/command_text.hpp"

namespace xgrid::broker {

enum class KeysAction : std::uint8_t { make, allow, revoke, list, token };

struct KeysOptions {
    KeysAction action = KeysAction::list;
    std::filesystem::path data;  // the broker's
    std::filesystem::path file;  // make: where the key goes
    std::string about;           // allow: a key or a file; revoke: a user or a key
    std::string name;            // empty: not given
    Roles roles;
    std::chrono::seconds expires{0};
    bool json = false;
};

/// What `xgrid keys --help` shows.
CommandText keys_text();

/// None: help was asked for and printed. Throws Fatal with exit code 4.
std::optional<KeysOptions> parse_keys_options(const std::vector<std::string>& arguments);

}  // namespace xgrid::broker
