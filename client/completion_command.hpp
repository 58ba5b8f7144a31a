// `xgrid completion`, which prints a script for a shell, and what that script asks.
#pragma once

#include <string>
#include <vector>

namespace xgrid::client {

/// The exit code. Throws Fatal.
int print_completion_script(const std::vector<std::string>& arguments);

/// `--line LINE`, as it was typed so far, or `-- WORD...`, of which the last one is being typed.
/// Prints a line for each word that fits, with a tab and what it is behind it; `:files` and
/// `:folders` stand for those that there are. Runs and labels are those of the broker, if it
/// answers quickly; what goes wrong is not told. The exit code.
int complete_words(const std::vector<std::string>& arguments);

}  // namespace xgrid::client
