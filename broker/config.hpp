// What broker.toml says, from its text. Pure; the keys that there are, their defaults and what they
// mean stand in one list in config.cpp, which is also what --help shows of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/limits.hpp"
#include "broker/settings.hpp"
#include "broker/share_rules.hpp"
#include "shared/result.hpp"

namespace xgrid::broker {

/// What may change while a broker runs.
struct Rules {
    LimitRules limits;
    ShareRules shares;
    /// Results of runs that are over for longer go, and the oldest when all take more.
    std::chrono::seconds kept_age = std::chrono::hours(24 * 30);
    std::uint64_t kept_bytes = std::uint64_t{2} << 30;
    bool operator==(const Rules&) const = default;
};

/// What counts from a start on. None: not said; the command line may say it, too.
struct StartConfig {
    std::optional<std::string> bind;
    std::optional<std::string> http;
    std::optional<std::string> data;
    std::optional<std::uint64_t> cache_bytes;
    std::optional<bool> keys;
    std::optional<bool> insecure;
    Duration worker_lease = Settings().worker_lease;
    Duration client_lease = Settings().client_lease;
    bool operator==(const StartConfig&) const = default;
};

struct Config {
    StartConfig start;
    Rules rules;
    bool operator==(const Config&) const = default;
};

/// `file` is what it is called in an error: one line that says where it is wrong and what is
/// expected there. `may_name_data`: the file was not found through the data's folder.
Result<Config> config_from(std::string_view text, const std::string& file,
                           bool may_name_data = true);

/// Each key but those that are options, with its default.
std::string config_help();

}  // namespace xgrid::broker
