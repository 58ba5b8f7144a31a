#include "client/environment_tally.hpp"

#include <algorithm>

#include "client/quarantined.hpp"

namespace xgrid::client {

std::uint64_t EnvironmentTally::count(const std::string& category) const {
    const auto found = counts_.find(category);
    return found == counts_.end() ? 0 : found->second;
}

void EnvironmentTally::add(const Event& event) {
    if (const auto* finished = std::get_if<TestFinished>(&event)) {
        ++tests_finished_;
        failing_.erase({finished->unit, finished->test});
        count(finished->result);
    } else if (const auto* failing = std::get_if<TestFailing>(&event)) {
        failing_.insert({failing->unit, failing->test});
    } else if (const auto* loaded = std::get_if<UnitLoaded>(&event)) {
        ++units_loaded_;
        tests_known_ += loaded->tests.size();
        if (loaded->deselected > 0) counts_["deselected"] += loaded->deselected;
    } else if (const auto* known = std::get_if<UnitsKnown>(&event)) {
        units_known_ += known->units;
        all_units_known_ = all_units_known_ || known->all;
    } else if (std::holds_alternative<WorkerUp>(event)) {
        begun_ = true;
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        ++counts_[late->phase.category == quarantined ? quarantined : "error"];
    } else if (std::holds_alternative<EnvironmentEnded>(event)) {
        over_ = true;
    }
}

// Phases that passed in silence are not listed. Where only a teardown is, the test itself passed.
void EnvironmentTally::count(const TestResult& result) {
    bool only_teardown = true;
    if (result.details) {
        for (const Phase& phase : result.details->phases) {
            only_teardown = only_teardown && phase.when == "teardown";
            if (phase.when == "collect") ++not_collected_;
            if (!phase.category.empty()) ++counts_[phase.category];
        }
    }
    if (only_teardown) ++counts_["passed"];
}

std::uint64_t EnvironmentTally::tests_expected() const {
    if (over_ || units_loaded_ == 0) return tests_finished_;
    const std::uint64_t units = std::max(units_known_, units_loaded_);
    const std::uint64_t expected =
        tests_known_ + (units - units_loaded_) * tests_known_ / units_loaded_;
    return std::max(expected, tests_finished_);
}

}  // namespace xgrid::client
