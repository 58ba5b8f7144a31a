#include "shared/quarantines.hpp"

#include <algorithm>

#include "shared/pattern.hpp"

namespace xgrid {

bool is_of_loading(const TestResult& result) {
    return result.details && !result.details->phases.empty() &&
           result.details->phases.front().when == "collect";
}

const Quarantine* quarantine_of(const std::vector<Quarantine>& all, const TestName& test) {
    const auto found = std::ranges::find_if(
        all, [&](const Quarantine& one) { return is_match(one.tests, test.id); });
    return found == all.end() ? nullptr : &*found;
}

const Quarantine* quarantine_of(const std::vector<Quarantine>& all, const TestName& test,
                                const TestResult& result) {
    return is_of_loading(result) ? nullptr : quarantine_of(all, test);
}

Outcome counted_outcome(const std::vector<Quarantine>& all, const TestFinished& verdict) {
    const Outcome outcome = verdict.result.outcome;
    const bool failed = outcome == Outcome::failed || outcome == Outcome::error;
    const bool counts = !failed || quarantine_of(all, verdict.test, verdict.result) == nullptr;
    return counts ? outcome : Outcome::xfailed;
}

}  // namespace xgrid
