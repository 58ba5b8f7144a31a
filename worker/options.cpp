#include "worker/options.hpp"

#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "shared/cores.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/option_text.hpp"

namespace xgrid::worker {
namespace {

namespace po = boost::program_options;

constexpr std::uint32_t slots_most = 1024;

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

}  // namespace

std::optional<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    std::string slots = "auto";
    std::vector<std::string> labels;
    std::string cache = options.cache.string();
    std::string cache_size = "20G";
    std::string compress = "auto";
    po::options_description known("Options");
    known.add_options()("help,h", "show this")  //
        ("broker",
         po::value(&options.broker)->value_name("ENDPOINT")->default_value(options.broker),
         "the broker to serve")  //
        ("slots", po::value(&slots)->value_name("N|auto")->default_value(slots),
         "how many jobs at a time; auto: as many as there are cores")  //
        ("label", po::value(&labels)->value_name("NAME=VALUE"),
         "what tells it apart; repeatable")  //
        ("until-end-of-input", po::bool_switch(&options.until_end_of_input),
         "leave when standard input ends, or nothing was heard from the broker for 15 s; names of "
         "files are relative to the folder it is started in: for programs that start a worker")  //
        ("name", po::value(&options.name)->value_name("NAME"), "instead of the host's name")     //
        ("cache", po::value(&cache)->value_name("DIR")->default_value(cache),
         "where the code that it runs is kept")  //
        ("compress", po::value(&compress)->value_name("auto|always|never")->default_value(compress),
         "the code on its way from the broker; auto: unless the broker is on this machine")  //
        ("cache-size", po::value(&cache_size)->value_name("SIZE")->default_value(cache_size),
         "what the code may take there, such as 500M or 20G: half of it for what was sent, half "
         "for "
         "the folders where tests run; what was not used for the longest time goes, never what "
         "runs");
    try {
        po::variables_map given;
        po::store(po::command_line_parser(arguments).options(known).positional({}).run(), given);
        po::notify(given);
        if (given.contains("help")) {
            std::cout << "usage: xgrid worker [OPTIONS]\n\n"
                         "Offers this machine's slots to a broker, until SIGTERM or Ctrl-C.\n\n"
                      << known;
            return std::nullopt;
        }
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid worker --help shows the options)", error.what()), 4);
    }
    options.slots = slots_from(slots);
    options.cache = folder_from(cache, "--cache");
    options.cache_bytes_max = size_from(cache_size, "--cache-size");
    require_local(options.broker, "--broker");
    options.pack = packs_from(compress, "--compress", options.broker);
    for (const std::string& label : labels) {
        const std::size_t equals = label.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw Fatal(fmt::format("--label takes NAME=VALUE, not '{}'", label), 4);
        }
        options.labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
    return options;
}

}  // namespace xgrid::worker
