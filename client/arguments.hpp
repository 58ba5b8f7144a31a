// Splits a command line into xgrid's options and what goes to the framework (pytest, most of the
// time), in its place and unchanged.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace xgrid::client {

enum class Owner { ours, both, pytest };

struct OptionKind {
    Owner owner = Owner::pytest;
    bool takes_value = false;
    bool whole = false;  // letters behind its first one are no options of their own
};

struct Arguments {
    /// Each as --name, --name=value, -c or -cvalue.
    std::vector<std::string> ours;
    std::vector<std::string> pytest;
};

/// `kind` tells what an option is, by its name with dashes (-n, --dist). Short options may be
/// joined (-xvs, -n4); after `--` everything is pytest's.
Arguments split_arguments(const std::vector<std::string>& arguments,
                          const std::function<OptionKind(const std::string&)>& kind);

/// Options of pytest and its common plugins that take a value in an argument of its own.
bool pytest_option_takes_value(std::string_view name);

}  // namespace xgrid::client
