// The execution environments of a run, from all that names some, and which of them this version can
// serve. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/settings.hpp"
#include "client/xspec.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

struct Environments {
    std::vector<XSpec> environments;
    std::vector<XSpec> proxies;
};

/// Of the settings tx and px, in order; other settings are not looked at. In what is for this
/// machine, paths are relative to where the spec stands. Error: the first spec that is wrong, and
/// where it stands; or what is wrong with all of them together.
Result<Environments> read_environments(const std::vector<Setting>& settings);

/// Slots of this machine, all alike.
struct LocalSlots {
    std::uint32_t slots = 0;
    std::string interpreter;  // empty: the run's
    std::map<std::string, std::string> variables;
    int nice = 0;
    std::string
        chdir;  // where a copy of the code is to be, absolute; empty: none, they run in place

    friend bool operator==(const LocalSlots&, const LocalSlots&) = default;
};

/// What is served today: popen, in one kind, with python= (no arguments), chdir=, env: and nice=.
/// All else is an Error that names the spec: this is the only place that says so. `interpreter` is
/// the run's.
Result<LocalSlots> serve(const Environments& asked, const std::string& interpreter);

}  // namespace xgrid::client
