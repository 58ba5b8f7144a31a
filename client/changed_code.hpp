// What users read of code that changed while it was sent. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgrid::client {

/// One line; `files` are paths in the tree, and may be unknown.
std::string retaken_line(const std::vector<std::string>& files);

/// Why it is not taken again once more, and what to do. `trouble` says what could not be sent.
std::string kept_changing(std::uint32_t retakes, const std::string& trouble);

}  // namespace xgrid::client
