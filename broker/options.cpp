#include "broker/options.hpp"

#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"

namespace xgrid::broker {

namespace po = boost::program_options;

std::optional<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    po::options_description known("Options");
    known.add_options()("help,h", "show this")  //
        ("bind", po::value(&options.bind)->value_name("ENDPOINT")->default_value(options.bind),
         "where clients and workers find it");
    try {
        po::variables_map given;
        po::store(po::command_line_parser(arguments).options(known).positional({}).run(), given);
        po::notify(given);
        if (given.contains("help")) {
            std::cout
                << "usage: xgrid broker [OPTIONS]\n\n"
                   "Keeps the queue that clients submit runs to and workers take jobs from, until\n"
                   "SIGTERM or Ctrl-C. Keeps nothing on disk.\n\n"
                << known;
            return std::nullopt;
        }
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid broker --help shows the options)", error.what()), 4);
    }
    require_local(options.bind, "--bind");
    return options;
}

}  // namespace xgrid::broker
