#include "client/tally.hpp"

#include <algorithm>
#include <array>

namespace xgrid::client {

std::string outcome_word(Outcome outcome) {
    static constexpr std::array words = {"passed",  "failed",  "error",
                                         "skipped", "xfailed", "xpassed"};
    return words.at(static_cast<std::size_t>(outcome));
}

std::uint64_t Tally::count(const std::string& category) const {
    const auto found = counts_.find(category);
    return found == counts_.end() ? 0 : found->second;
}

void Tally::add(const Event& event) {
    if (const auto* finished = std::get_if<TestFinished>(&event)) {
        ++tests_finished_;
        failing_.erase({finished->unit, finished->test});
        count_phases(finished->result);
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
        slots_begun_ = true;
    } else if (std::holds_alternative<TeardownFailed>(event)) {
        ++counts_["error"];
    } else if (std::holds_alternative<WarningSeen>(event)) {
        ++counts_["warnings"];
    } else if (const auto* end = std::get_if<RunFinished>(&event)) {
        end_ = *end;
    }
}

// Phases that passed in silence are not listed. Where only a teardown is, the test itself passed.
void Tally::count_phases(const TestResult& result) {
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

std::uint64_t Tally::tests_expected() const {
    if (units_loaded_ == 0) return 0;
    const std::uint64_t units = std::max(units_known_, units_loaded_);
    return tests_known_ + (units - units_loaded_) * tests_known_ / units_loaded_;
}

int Tally::exit_code(bool collect_only) const {
    switch (end_.end) {
        case RunEnd::cancelled: return 2;
        case RunEnd::grid_failed: return 3;
        case RunEnd::exit_asked:
        case RunEnd::refused: return end_.code;
        case RunEnd::stopped: return 1;
        case RunEnd::completed: break;
    }
    if (count("failed") + count("error") > 0) return 1;
    const std::uint64_t tests = collect_only ? tests_collected() : tests_finished_;
    return tests == 0 ? 5 : 0;
}

}  // namespace xgrid::client
