// Reads what ctest prints when it runs one test by itself.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

/// Tells `done` the result; its output goes through as it is.
std::unique_ptr<Reader> make_ctest_self_reader(std::string name,
                                               std::function<void(Listener&, TestResult)> done);

/// A regular expression of CMake that finds that name and no other.
std::string ctest_name_pattern(const std::string& name);

}  // namespace xgrid::worker::native
