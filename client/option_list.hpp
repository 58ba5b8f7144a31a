// The options of `xgrid submit` that are not pytest's alone: their names, values and help, in
// groups.
#pragma once

#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "client/options.hpp"
#include "shared/command_text.hpp"

namespace xgrid::client {

/// Values as they were given, for which what is given is not yet what is meant.
struct Given {
    std::string slots = "auto";
    std::string slots_most;
    std::string distribution;
    std::string chunk_max;
    std::string ramp;
    std::string token;
    std::string broker_key;
    std::string key;
    std::string crashes_max;
    std::string timeout;
    std::string failures_max;
    std::string framework = "auto";
    std::string collect = "lazy";
    std::string compress = "auto";
    std::string start = "auto";
    std::string durations;
    std::string durations_min;
    std::string colour = "auto";
    std::string capture = "fd";
    std::string plugin_socket;
    std::string priority;
    std::string repeat;
    std::string retries;
    std::string retry_on = "other";
};

struct OptionGroups {
    using Group = boost::program_options::options_description;

    static constexpr unsigned columns = 90;

    Group where{"Where tests run", columns};
    Group code{"What travels there", columns};
    Group stop{"When to stop", columns};
    Group show{"What is shown and written", columns};
    Group hidden;  // that change nothing, or are for our own pytest plugin
    Group all;
};

/// The values go to `given` and `options`, which have to stay until the parser is done. Options
/// that can be repeated, and unite with those of settings files, are here for their help alone.
void describe(OptionGroups& groups, Given& given, Options& options);

/// What results look like, and where reports go. `ours`: as split_arguments() gives them. Throws
/// Fatal with exit code 4.
void set_display(Options& options, const boost::program_options::variables_map& parsed,
                 const Given& given, const std::vector<std::string>& ours);

/// What --help prints.
std::string help_of(const OptionGroups& groups);

/// The same, as data.
CommandText submit_text();

/// Those of options that submit and others have.
void set_choices(CommandText& command);

}  // namespace xgrid::client
