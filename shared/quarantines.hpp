// Which failures of tests count: not those of a test in quarantine. The broker goes by it when it
// counts towards a limit, the client when it shows them. Pure.
#pragma once

#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid {

/// The unit itself could not be loaded: that is no test's result.
bool is_of_loading(const TestResult& result);

/// The first whose pattern is that of the test's id; nullptr: none.
const Quarantine* quarantine_of(const std::vector<Quarantine>& all, const TestName& test);

/// Like that one, for a failure: a unit that cannot be loaded is in no quarantine, since nobody
/// knows which tests are in it.
const Quarantine* quarantine_of(const std::vector<Quarantine>& all, const TestName& test,
                                const TestResult& result);

/// Where outcomes alone are counted: a failure in quarantine is one that was expected.
Outcome counted_outcome(const std::vector<Quarantine>& all, const TestFinished& verdict);

}  // namespace xgrid
