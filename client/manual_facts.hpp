// What manual pages tell beside the options: exit status, files, environment, examples. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace xgrid::client {

/// What it is about, and what is said of it.
using Fact = std::pair<std::string, std::string>;

struct ManualFacts {
    std::vector<Fact> exit_status;
    std::vector<Fact> files;
    std::vector<Fact> environment;
    std::vector<Fact> examples;        // command lines
    std::vector<std::string> related;  // subcommands
};

/// Of a subcommand; of one that is not named there, what holds for all that ask a broker. Empty
/// name: of the program.
ManualFacts manual_facts(const std::string& subcommand);

}  // namespace xgrid::client
