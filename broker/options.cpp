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

std::optional<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    std::string data = options.data.string();
    std::string cache_size = "10G";
    po::options_description known("Options");
    known.add_options()("help,h", "show this")  //
        ("bind", po::value(&options.bind)->value_name("ENDPOINT")->default_value(options.bind),
         "where clients and workers find it")  //
        ("data", po::value(&data)->value_name("DIR")->default_value(data),
         "where it keeps its journal, in DIR/objects the code that passes through, and the keys: "
         "its own in "
         "DIR/key, those that it lets in in DIR/keys, and in DIR/audit.log who did what")  //
        ("keys",
         "ask for keys also on this machine, as is done anyway if there is a DIR/keys, and for "
         "every other ENDPOINT")  //
        ("insecure",
         "ask for no keys, whoever can reach ENDPOINT: they can run programs on "
         "every worker")  //
        ("cache-size", po::value(&cache_size)->value_name("SIZE")->default_value(cache_size),
         "what it may take there, such as 500M or 20G; what was not used for the longest time "
         "goes");
    po::variables_map given;
    try {
        po::store(po::command_line_parser(arguments).options(known).positional({}).run(), given);
        po::notify(given);
        if (given.contains("help")) {
            std::cout
                << "usage: xgrid broker [OPTIONS]\n\n"
                   "Keeps the queue that clients submit runs to and workers take jobs from, until\n"
                   "SIGTERM or Ctrl-C. What it has taken on it keeps on disk: killed at any "
                   "moment\n"
                   "and started again, it goes on where it was, and so do clients and workers.\n"
                   "xgrid keys says who may use it.\n\n"
                << known;
            return std::nullopt;
        }
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid broker --help shows the options)", error.what()), 4);
    }
    options.data = folder_from(data, "--data");
    options.objects_bytes_max = size_from(cache_size, "--cache-size");
    require_endpoint(options.bind, "--bind");
    const bool insecure = given.contains("insecure");
    if (insecure && given.contains("keys")) {
        throw Fatal("--insecure and --keys: only one of them can be", 4);
    }
    std::error_code none;
    options.keys = !insecure && (given.contains("keys") || !is_on_this_machine(options.bind) ||
                                 std::filesystem::exists(options.data / "keys", none));
    return options;
}

}  // namespace xgrid::broker
