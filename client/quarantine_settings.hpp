// What a table of TOML says of tests in quarantine: they run, and their failures fail no run until
// the day is over that is named. Pure.
//
//   [[quarantine]]
//   tests = "tests/test_net.py::test_far*"   # patterns of ids with * and ?: a text, or a list
//   owner = "ann"                            # who sees to it
//   issue = "https://example.org/1234"       # where that is followed
//   until = "2026-12-31"                     # the last day
#pragma once

#include <string>
#include <vector>

#include "client/settings.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"
#include "shared/toml_text.hpp"

namespace xgrid::client {

/// The table that is no setting but is read here.
bool is_of_quarantine(const std::string& name);

/// Error: what is wrong or missing, in which file and line.
Result<std::vector<Quarantine>> quarantines_of(const TomlTable& table, const Origin& origin);

/// A day that there is, as 2026-12-31.
bool is_day(const std::string& text);

/// As is_day() has it, where we are.
std::string today();

/// Takes out those that are over on that day; a line for each.
std::vector<std::string> drop_expired(std::vector<Quarantine>& all, const std::string& day);

}  // namespace xgrid::client
