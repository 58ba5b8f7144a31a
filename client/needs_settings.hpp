// What a table of TOML says that units need beside a slot, for tests of any framework. Pure.
//
//   [[needs]]
//   units = "tests/db/*"                   # patterns with * and ?: a text, or a list
//   locks = ["database", "license"]        # likewise
//   processors = 2                         # slots of one worker
//   serial = true                          # beside nothing else of the run
//
//   [locks]                                # those that are not just one for the run
//   database = 2                           # so many units may have it at a time
//   license = { holders = 1, scope = "grid" }    # of all runs of the broker; else scope = "run"
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/settings.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"
#include "shared/toml_text.hpp"

namespace xgrid::client {

struct NeedsSettings {
    std::vector<NeedsRule> needs;
    std::map<std::string, Lock> locks;
};

/// The tables that are not settings but are read here.
bool is_of_needs(const std::string& name);

/// Error: what is wrong, in which file and line.
Result<NeedsSettings> needs_of(const TomlTable& table, const Origin& origin);

/// Rules of both; of a lock that both name, what the later one says.
void unite(NeedsSettings& earlier, NeedsSettings later);

}  // namespace xgrid::client
