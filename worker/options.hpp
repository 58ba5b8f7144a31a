// What `xgrid worker` is told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/address.hpp"
#include "shared/cache_home.hpp"
#include "shared/command_text.hpp"
#include "shared/instant.hpp"
#include "shared/token.hpp"
#include "worker/frameworks/warm_key.hpp"

namespace xgrid::worker {

constexpr std::uint16_t listen_port = 8888;
/// By which the run of a client that has brought a worker about finds it.
constexpr const char* host_label = "xgrid.host";

struct Options {
    std::string broker = "tcp://127.0.0.1:7555";
    std::optional<Token> credentials;  // for it; none: without keys
    std::optional<Address> listen;     // to be dialled there, instead of joining a broker
    std::filesystem::path token_file;  // with the keys; empty: fresh ones
    bool insecure = false;             // without keys
    std::uint32_t slots = 1;
    std::string name;  // empty: the host's
    std::map<std::string, std::string> labels;
    Duration drain_limit = std::chrono::seconds(30);  // for what runs, when it is to leave
    std::optional<Duration> idle_limit;               // it leaves when it had no job for so long
    std::uint64_t free_least = std::uint64_t{200} << 20;  // bytes, on disks that tests need
    std::filesystem::path cache = cache_home();           // with objects and workspaces
    std::uint64_t cache_bytes_max = std::uint64_t{20} << 30;
    std::string compress = "auto";    // as it was said
    bool pack = false;                // the code, on its way from the broker
    bool log_json = false;            // what it says is JSON
    bool until_end_of_input = false;  // leaves when stdin ends, or the broker is silent
    bool embedded = false;            // lives and dies with its parent, which handles Ctrl-C
    std::optional<WarmKey> warm;      // an interpreter to start at once
    std::string version{};            // of the program
};

/// Somebody has dialled it for one run, and ends it with that.
bool serves_one(const Options& options);

/// What `xgrid worker --help` shows.
CommandText command_text();

/// None: help was asked for and printed. Throws Fatal with exit code 4.
std::optional<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace xgrid::worker
