#include "broker/options.hpp"

#include <iostream>

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
         "where it keeps its journal, and in DIR/objects the code that passes through")  //
        ("cache-size", po::value(&cache_size)->value_name("SIZE")->default_value(cache_size),
         "what it may take there, such as 500M or 20G; what was not used for the longest time "
         "goes");
    try {
        po::variables_map given;
        po::store(po::command_line_parser(arguments).options(known).positional({}).run(), given);
        po::notify(given);
        if (given.contains("help")) {
            std::cout
                << "usage: xgrid broker [OPTIONS]\n\n"
                   "Keeps the queue that clients submit runs to and workers take jobs from, until\n"
                   "SIGTERM or Ctrl-C. What it has taken on it keeps on disk: killed at any "
                   "moment\n"
                   "and started again, it goes on where it was, and so do clients and workers.\n\n"
                << known;
            return std::nullopt;
        }
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid broker --help shows the options)", error.what()), 4);
    }
    options.data = folder_from(data, "--data");
    options.objects_bytes_max = size_from(cache_size, "--cache-size");
    require_local(options.bind, "--bind");
    return options;
}

}  // namespace xgrid::broker
