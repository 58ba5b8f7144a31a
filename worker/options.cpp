#include "worker/options.hpp"

#include <cstdlib>
#include <iostream>
#include <utility>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "shared/cores.hpp"
#include "shared/credentials.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/option_text.hpp"
#include "shared/result.hpp"

namespace xgrid::worker {
namespace {

namespace po = boost::program_options;

constexpr std::uint32_t slots_most = 1024;
constexpr const char* usage =
    "usage: xgrid worker [OPTIONS]\n\n"
    "Offers this machine's slots to a broker, or to those who dial it, until SIGTERM or "
    "Ctrl-C.\n\n";

// Values as they were given, for which that is not yet what is meant.
struct Given {
    std::string listen;
    std::string token_file;
    GivenCredentials given_keys;
    std::string slots = "auto";
    std::vector<std::string> labels;
    std::string drain_limit = "30";
    std::string idle_limit;
    std::string free_least = "200M";
    std::string cache = Options().cache.string();
    std::string cache_size = "20G";
};

void describe(po::options_description& known, Options& options, Given& values) {
    auto& [listen, token_file, given_keys, slots, labels, drain_limit, idle_limit, free_least,
           cache, cache_size] = values;
    known.add_options()("help,h", "show this")  //
        ("broker",
         po::value(&options.broker)->value_name("ENDPOINT")->default_value(options.broker),
         "the broker to serve")  //
        ("broker-key", po::value(&given_keys.broker_key)->value_name("KEY|FILE"),
         "its public key, if it asks for keys (or XGRID_BROKER_KEY)")  //
        ("key", po::value<std::string>()->value_name("FILE"),
         "this worker's own key (default: the user's, ~/.config/xgrid/key)")  //
        ("token", po::value(&given_keys.token)->value_name("TOKEN"),
         "both in one, from xgrid keys token (better: XGRID_TOKEN, as others can see a command "
         "line)")  //
        ("listen", po::value(&listen)->value_name("[HOST:]PORT")->implicit_value("", "8888"),
         "instead, wait to be dialled by --tx socket=HOST:PORT (8888 on this machine alone, unless "
         "HOST says otherwise; * is everywhere); prints the token that clients need")  //
        ("token-file", po::value(&token_file)->value_name("FILE"),
         "with --listen: where the token is kept, which otherwise is another at each start")  //
        ("insecure", "with --listen, on this machine alone: no token")                        //
        ("slots", po::value(&slots)->value_name("N|auto")->default_value(slots),
         "how many jobs at a time; auto: as many as there are cores")  //
        ("label", po::value(&labels)->value_name("NAME=VALUE"),
         "what tells it apart, beside os, arch and python, which are found out; repeatable, and "
         "several values, with commas or repeated, all hold")  //
        ("drain-timeout",
         po::value(&drain_limit)->value_name("DURATION")->default_value(drain_limit),
         "at the first SIGTERM or Ctrl-C it takes nothing new, finishes the tests that run, and "
         "leaves; what runs after that time, or at the second one, is ended and runs elsewhere")  //
        ("exit-when-idle", po::value(&idle_limit)->value_name("DURATION"),
         "leave when there was no job for so long")  //
        ("min-free", po::value(&free_least)->value_name("SIZE")->default_value(free_least),
         "take nothing new while less is free where code or temporary files are kept; 0: whatever "
         "is free")  //
        ("log-json", po::bool_switch(&options.log_json),
         "what it says is JSON on standard error, an object a line: time, level, part, message")  //
        ("until-end-of-input", po::bool_switch(&options.until_end_of_input),
         "leave when standard input ends, or nothing was heard from the broker for 15 s; names of "
         "files are relative to the folder it is started in: for programs that start a worker")  //
        ("name", po::value(&options.name)->value_name("NAME"), "instead of the host's name")     //
        ("cache", po::value(&cache)->value_name("DIR")->default_value(cache),
         "where the code that it runs is kept")  //
        ("compress",
         po::value(&options.compress)
             ->value_name("auto|always|never")
             ->default_value(options.compress),
         "the code on its way here; auto: unless the broker, or who dials, is on this machine")  //
        ("cache-size", po::value(&cache_size)->value_name("SIZE")->default_value(cache_size),
         "what the code may take there, such as 500M or 20G: half of it for what was sent, half "
         "for "
         "the folders where tests run; what was not used for the longest time goes, never what "
         "runs");
}

std::uint32_t slots_from(const std::string& text) {
    if (text == "auto") return usable_cores();
    try {
        std::size_t end = 0;
        const unsigned long slots = std::stoul(text, &end);
        if (end == text.size() && text[0] != '-' && slots > 0 && slots <= slots_most) {
            return static_cast<std::uint32_t>(slots);
        }
    } catch (const std::exception&) {
        // Said below.
    }
    throw Fatal(
        fmt::format("--slots takes auto or a number from 1 to {}, not '{}'", slots_most, text), 4);
}

// The value of --listen may be left out, which the parser only takes if it is joined to it.
std::vector<std::string> joined_listen(const std::vector<std::string>& arguments) {
    std::vector<std::string> joined;
    for (const std::string& argument : arguments) {
        if (!joined.empty() && joined.back() == "--listen" && !argument.starts_with("-")) {
            joined.back() += "=" + argument;
        } else {
            joined.push_back(argument);
        }
    }
    return joined;
}

void set_listen(Options& options, const po::variables_map& given, const std::string& listen,
                const std::string& token_file) {
    if (!given.contains("listen")) {
        for (const char* other : {"token-file", "insecure"}) {
            if (given.contains(other)) {
                throw Fatal(fmt::format("--{} goes with --listen", other), 4);
            }
        }
        return;
    }
    if (!given["broker"].defaulted()) {
        throw Fatal("--listen and --broker: a worker either is dialled or joins a broker", 4);
    }
    Result<Address> address = address_from(listen, {"127.0.0.1", listen_port});
    if (!address) throw Fatal("--listen: " + address.error(), 4);
    options.listen = *std::move(address);
    options.insecure = given.contains("insecure");
    if (!given.contains("token-file")) return;
    if (options.insecure) throw Fatal("--insecure and --token-file: only one of them can be", 4);
    options.token_file = folder_from(token_file, "--token-file");
}

// Afterwards tests, which inherit our environment, do not find it there.
std::string taken_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string taken = value == nullptr ? "" : value;
    unsetenv(name);
    return taken;
}

void set_credentials(Options& options, GivenCredentials given) {
    const std::string token = taken_variable("XGRID_TOKEN");
    const std::string broker_key = taken_variable("XGRID_BROKER_KEY");
    if (options.listen) {
        if (given.token.empty() && given.broker_key.empty() && given.key.empty()) return;
        throw Fatal("--token, --key and --broker-key go with --broker, and not with --listen", 4);
    }
    const bool named = !given.broker_key.empty() || !given.key.empty();
    if (named && !given.token.empty()) {
        throw Fatal("--token holds both keys: --broker-key and --key do not go with it", 4);
    }
    if (!named && given.token.empty()) given.token = token;
    if (given.broker_key.empty() && given.token.empty()) given.broker_key = broker_key;
    options.credentials = credentials_for(options.broker, given);
}

// A label that comes again has one more value.
void add_label(Options& options, const std::string& label) {
    const std::size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw Fatal(fmt::format("--label takes NAME=VALUE, not '{}'", label), 4);
    }
    const std::string name = label.substr(0, equals);
    if (name == "name") throw Fatal("--label name=...: --name says how the worker is called", 4);
    const auto [found, is_new] = options.labels.emplace(name, label.substr(equals + 1));
    if (!is_new) found->second += "," + label.substr(equals + 1);
}

}  // namespace

bool serves_one(const Options& options) {
    return options.embedded || options.until_end_of_input || options.labels.contains(host_label);
}

CommandText command_text() {
    Options options;
    Given values;
    po::options_description known("Options");
    describe(known, options, values);
    return {.name = "worker", .opening = usage, .groups = {group_text("Options", known)}};
}

std::optional<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    Given values;
    auto& [listen, token_file, given_keys, slots, labels, drain_limit, idle_limit, free_least,
           cache, cache_size] = values;
    po::options_description known("Options");
    describe(known, options, values);
    po::variables_map given;
    try {
        po::store(
            po::command_line_parser(joined_listen(arguments)).options(known).positional({}).run(),
            given);
        po::notify(given);
        if (given.contains("help")) {
            std::cout << usage << known;
            return std::nullopt;
        }
    } catch (const po::unknown_option& error) {
        throw unknown_option(error.get_option_name(), command_text());
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid worker --help shows the options)", error.what()), 4);
    }
    options.slots = slots_from(slots);
    options.cache = folder_from(cache, "--cache");
    options.cache_bytes_max = size_from(cache_size, "--cache-size");
    require_endpoint(options.broker, "--broker");
    set_listen(options, given, listen, token_file);
    if (given.contains("key")) given_keys.key = given["key"].as<std::string>();
    set_credentials(options, std::move(given_keys));
    options.pack = packs_from(options.compress, "--compress", options.broker);
    for (const std::string& label : labels) add_label(options, label);
    if (options.listen && !idle_limit.empty()) {
        throw Fatal("--exit-when-idle goes with --broker, and not with --listen", 4);
    }
    options.drain_limit = duration_from(drain_limit, "--drain-timeout");
    if (!idle_limit.empty()) options.idle_limit = duration_from(idle_limit, "--exit-when-idle");
    if (free_least != "0") options.free_least = size_from(free_least, "--min-free");
    if (free_least == "0") options.free_least = 0;
    return options;
}

}  // namespace xgrid::worker
