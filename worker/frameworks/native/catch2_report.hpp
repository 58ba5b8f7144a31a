// The report of Catch2's XML reporter, of versions 2 and 3, read as it comes.
#pragma once

#include <memory>
#include <span>

#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

/// For a batch of these tests.
std::unique_ptr<Reader> make_catch2_reader(std::span<const Case> tests);

}  // namespace xgrid::worker::native
