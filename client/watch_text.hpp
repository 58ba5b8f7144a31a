// What a broker has to do, as a screen full of lines. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "client/answer_text.hpp"
#include "client/markup.hpp"

namespace xgrid::client {

/// No line is wider than the markup's columns, and there are no more than `rows`; what does not fit
/// is counted.
std::vector<std::string> watch_lines(const Overview& overview, const Markup& markup,
                                     std::size_t rows);

/// `[###.......] 3/10`, of that many signs; nothing of nothing is `[..........]`.
std::string bar(std::uint64_t done, std::uint64_t all, std::size_t signs);

}  // namespace xgrid::client
