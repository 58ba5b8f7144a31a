#include "broker/options.hpp"

#include <iostream>
#include <system_error>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/option_text.hpp"

namespace xgrid::broker {

namespace po = boost::program_options;

namespace {

constexpr const char* usage =
    "usage: xgrid broker [OPTIONS]\n\n"
    "Keeps the queue that clients submit runs to and workers take jobs from, until\n"
    "SIGTERM or Ctrl-C. What it has taken on it keeps on disk: killed at any moment\n"
    "and started again, it goes on where it was, and so do clients and workers.\n"
    "xgrid keys says who may use it.\n\n";

constexpr const char* about_config =
    "\nDIR/broker.toml, or the FILE of --config, holds the same options (bind = \"...\"),\n"
    "which those of the command line override, and rules, with these defaults:\n";

constexpr const char* about_reading =
    "SIGHUP has it read again: [limits], [users] and [keep] count at once, the rest from\n"
    "the next start on. Limits are of users that keys tell apart.\n";

constexpr std::uint16_t usual_http_port = 7556;

// Values as they were given, for which that is not yet what is meant.
struct Given {
    std::string data = Options().data.string();
    std::string cache_size = "10G";
    std::string http;
    std::string config;
};

void describe(po::options_description& known, Options& options, Given& values) {
    auto& [data, cache_size, http, config] = values;
    known.add_options()("help,h", "show this")  //
        ("bind", po::value(&options.bind)->value_name("ENDPOINT")->default_value(options.bind),
         "where clients and workers find it")  //
        ("data", po::value(&data)->value_name("DIR")->default_value(data),
         "where it keeps its journal, in DIR/objects the code that passes through, and the keys: "
         "its own in "
         "DIR/key, those that it lets in in DIR/keys, and in DIR/audit.log who did what")         //
        ("config", po::value(&config)->value_name("FILE"), "instead of DIR/broker.toml (below)")  //
        ("http", po::value(&http)->value_name("[HOST:]PORT")->default_value("", "nowhere"),
         "answer there to HTTP: a web page, /metrics for Prometheus, /healthz, and /desired, the "
         "slots that could be used and are not there. Where others than this machine's users could "
         "ask, or keys are asked for, it takes the bearer token in DIR/http-token")  //
        ("keys",
         "ask for keys also on this machine, as is done anyway if there is a DIR/keys, and for "
         "every other ENDPOINT")  //
        ("insecure",
         "ask for no keys, whoever can reach ENDPOINT: they can run programs on "
         "every worker")  //
        ("log-json", po::bool_switch(&options.log_json),
         "what it says is JSON on standard error, an object a line: time, level, part, message")  //
        ("cache-size", po::value(&cache_size)->value_name("SIZE")->default_value(cache_size),
         "what it may take there, such as 500M or 20G; what was not used for the longest time "
         "goes");
}

// The command line's, else the file's, else the usual one.
template <class T>
void choose(T& value, const po::variable_value& given, const std::optional<T>& of_file) {
    if (given.defaulted() && of_file) value = *of_file;
}

void set_config(Options& options, const po::variables_map& given, const std::string& file) {
    const bool named = given.contains("config");
    options.config_file = {named ? folder_from(file, "--config") : options.data / "broker.toml",
                           named};
    Result<Config> config = read_config(options.config_file);
    if (!config) throw Fatal(config.error(), 4);
    options.config = *std::move(config);
    if (named && given["data"].defaulted() && options.config.start.data) {
        const auto folder = options.config_file.path.parent_path();
        options.data = folder_from((folder / *options.config.start.data).string(), "data");
    }
}

void set_keys(Options& options, const po::variables_map& given) {
    const StartConfig& start = options.config.start;
    if (given.contains("insecure") && given.contains("keys")) {
        throw Fatal("--insecure and --keys: only one of them can be", 4);
    }
    const bool said = given.contains("insecure") || given.contains("keys");
    const bool insecure = said ? given.contains("insecure") : start.insecure.value_or(false);
    const bool keys = said ? given.contains("keys") : start.keys.value_or(false);
    std::error_code none;
    options.keys = !insecure && (keys || !is_on_this_machine(options.bind) ||
                                 std::filesystem::exists(options.data / "keys", none));
    if (!options.http) return;
    const std::string& host = options.http->host;
    const bool here = host == "localhost" || is_loopback(host);
    options.http_token = !insecure && (options.keys || !here);
}

}  // namespace

CommandText command_text() {
    Options options;
    Given values;
    po::options_description known("Options");
    describe(known, options, values);
    return {.name = "broker",
            .opening = usage,
            .groups = {group_text("Options", known)},
            .closing = about_config + config_help() + about_reading};
}

std::optional<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    Given values;
    auto& [data, cache_size, http, config] = values;
    po::options_description known("Options");
    describe(known, options, values);
    po::variables_map given;
    try {
        po::store(po::command_line_parser(arguments).options(known).positional({}).run(), given);
        po::notify(given);
        if (given.contains("help")) {
            std::cout << usage << known << about_config << config_help() << about_reading;
            return std::nullopt;
        }
    } catch (const po::unknown_option& error) {
        throw unknown_option(error.get_option_name(), command_text());
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid broker --help shows the options)", error.what()), 4);
    }
    options.data = folder_from(data, "--data");
    options.objects_bytes_max = size_from(cache_size, "--cache-size");
    set_config(options, given, config);
    const StartConfig& start = options.config.start;
    choose(options.bind, given["bind"], start.bind);
    choose(options.objects_bytes_max, given["cache-size"], start.cache_bytes);
    choose(http, given["http"], start.http);
    require_endpoint(options.bind, "--bind");
    if (!http.empty()) {
        Result<Address> address = address_from(http, {"127.0.0.1", usual_http_port});
        if (!address) throw Fatal("--http: " + address.error(), 4);
        options.http = *std::move(address);
    }
    set_keys(options, given);
    return options;
}

}  // namespace xgrid::broker
