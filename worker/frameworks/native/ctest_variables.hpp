// The environment of a test as ctest makes it: ENVIRONMENT, then ENVIRONMENT_MODIFICATION.
// Verified with ctest 3.25.1, its oddities included: what is appended to a variable that was unset
// before is appended to its value before that.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "shared/result.hpp"
#include "worker/frameworks/native/ctest_listing.hpp"

namespace xgrid::worker::native {

using Variables = std::map<std::string, std::optional<std::string>>;
using Inherited = std::function<std::optional<std::string>(const std::string&)>;

/// What is to be set, or unset where there is no value. An error, as ctest has it, keeps the test
/// from running.
Result<Variables> ctest_variables(const CTestEntry& entry, const Inherited& inherited);

}  // namespace xgrid::worker::native
