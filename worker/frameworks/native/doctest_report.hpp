// The report of doctest's XML reporter, read as it comes.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

/// Why doctest itself does not run a test.
inline constexpr std::string_view doctest_skip_reason = "skipped by its decorator";

/// For a batch of these tests.
std::unique_ptr<Reader> make_doctest_reader(std::span<const Case> tests);

}  // namespace xgrid::worker::native
