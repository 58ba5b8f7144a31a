#include "broker/config.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;
using namespace std::chrono_literals;

namespace {

std::string fault(std::string_view text, bool may_name_data = true) {
    Result<Config> config = config_from(text, "broker.toml", may_name_data);
    return config ? "" : config.error();
}

}  // namespace

TEST_CASE("an empty broker.toml says nothing, and every default holds") {
    Result<Config> config = config_from("", "broker.toml");
    REQUIRE(config);
    CHECK(*config == Config());
    CHECK(config->start.worker_lease == 10s);
    CHECK(config->rules.kept_age == 30 * 24h);
    CHECK(config->rules.kept_bytes == 2ULL << 30);
}

TEST_CASE("all that broker.toml can say is taken") {
    Result<Config> config = config_from(R"(
bind = "tcp://*:7555"
http = "127.0.0.1:7556"
data = "/srv/xgrid"
cache-size = "5G"
keys = true
insecure = false
[limits]
open-runs = 7
queued_tests = 500
messages-per-second = 10
messages-at-once = 20.5
bytes-per-second = "1M"
bytes-at-once = "64M"
weight = 2
slots = 8
[users.ann]
weight = 0.5
open_runs = 9
[users."bob@x.org"]
slots = 0
[keep]
age = "14d"
bytes = "1G"
[lease]
worker = 30
client = "5m"
)",
                                        "broker.toml");
    REQUIRE_MESSAGE(config, (config ? "" : config.error()));
    const StartConfig& start = config->start;
    CHECK(start.bind == "tcp://*:7555");
    CHECK(start.http == "127.0.0.1:7556");
    CHECK(start.data == "/srv/xgrid");
    CHECK(start.cache_bytes == 5ULL << 30);
    CHECK(start.keys == true);
    CHECK(start.insecure == false);
    CHECK(start.worker_lease == 30s);
    CHECK(start.client_lease == 5min);
    const Rules& rules = config->rules;
    const UserLimits others{.open_runs = 7,
                            .queued_tests = 500,
                            .messages_per_second = 10,
                            .messages_at_once = 20.5,
                            .bytes_per_second = 1 << 20,
                            .bytes_at_once = 64 << 20};
    CHECK(rules.limits.of("eve") == others);
    CHECK(rules.limits.of("bob@x.org") == others);
    CHECK(rules.limits.of("ann").open_runs == 9);
    CHECK(rules.limits.of("ann").queued_tests == 500);
    CHECK(rules.shares.of("eve") == UserShare{2, 8});
    CHECK(rules.shares.of("ann") == UserShare{0.5, 8});
    CHECK(rules.shares.of("bob@x.org") == UserShare{2, 0});
    CHECK(rules.kept_age == 14 * 24h);
    CHECK(rules.kept_bytes == 1ULL << 30);
}

TEST_CASE("what is wrong with broker.toml is one line that names file, line and key") {
    CHECK(
        fault("bind = 1") ==
        "broker.toml: line 1: bind: wanted an endpoint such as \"tcp://127.0.0.1:7555\", found 1");
    CHECK(fault("\n[limits]\nopen-runs = \"x\"") ==
          "broker.toml: line 3: limits.open-runs: wanted a whole number from 1 on, found \"x\"");
    CHECK(fault("[limits]\nopen_runs = 0\n[keep]\nage = 1") ==
          "broker.toml: line 2: limits.open-runs: wanted a whole number from 1 on, found 0");
    CHECK(fault("[users.ann]\nwieght = 2")
              .starts_with("broker.toml: line 2: there is no key users.ann.wieght (there are "
                           "open-runs, queued-tests, "));
    CHECK(fault("[lmits]\n").starts_with("broker.toml: line 1: there is no key lmits"));
    for (const auto& [text, names] : {
             std::pair("a = [", "line 1: "),
             {"bind = \"grid:7555\"", "bind: wanted an endpoint"},
             {"http = \"a:b\"", "http: wanted [HOST:]PORT"},
             {"keys = \"yes\"", "keys: wanted true or false"},
             {"keys = true\ninsecure = true", "line 2: insecure and keys"},
             {"cache-size = \"much\"", "cache-size: wanted a size"},
             {"cache-size = 0", "cache-size: wanted a size"},
             {"limits = 3", "limits: wanted a table, found 3"},
             {"[limits]\nslots = -1", "limits.slots: wanted a whole number from 0 on"},
             {"[limits]\nslots = 5000000000", "limits.slots: wanted"},
             {"[limits]\nslots = 1.5", "limits.slots: wanted"},
             {"[limits]\nweight = 0", "limits.weight: wanted"},
             {"[limits]\nweight = nan", "limits.weight: wanted"},
             {"[limits]\nmessages-per-second = inf", "limits.messages-per-second: wanted"},
             {"[limits]\nbytes-at-once = \"1M\"", "from \"64M\" on"},
             {"[limits]\nopen-runs = 1\nopen_runs = 2", "limits.open-runs stands there twice"},
             {"[users]\nann = 1", "users.ann: wanted a table"},
             {"[users.\"a b\"]\nslots = 1", "[users.NAME] takes letters"},
             {"[keep]\nage = \"soon\"", "keep.age: wanted a time"},
             {"[keep]\nage = 2026-01-01", "found a date"},
             {"[lease]\nworker = 1", "lease.worker: wanted a time"},
             {"[lease]\nworker = \"a\\nb\"", "found other text"},
         }) {
        const std::string said = fault(text);
        CHECK_MESSAGE(said.find(names) != std::string::npos, said);
        CHECK_MESSAGE(said.starts_with("broker.toml: line "), said);
        CHECK_MESSAGE(said.find('\n') == std::string::npos, said);
    }
}

TEST_CASE("a broker.toml that is found in the data's folder does not name another one") {
    CHECK(fault("data = \"/x\"").empty());
    CHECK(fault("data = \"/x\"", false).find("there is no key data") != std::string::npos);
}

TEST_CASE("the help shows each limit with its default") {
    const std::string help = config_help();
    for (const char* line :
         {"open-runs = 100 ", "queued-tests = 1000000 ", "messages-per-second = 5000 ",
          "messages-at-once = 20000 ", "bytes-per-second = 1000000000 ",
          "bytes-at-once = 4000000000 ", "weight = 1 ", "slots = 0 ", "age = \"30d\" ",
          "bytes = \"2G\" ", "worker = \"10s\" ", "client = \"60s\" "}) {
        CHECK_MESSAGE(help.find(line) != std::string::npos, line);
    }
}
