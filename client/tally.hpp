// What a run comes to, counted as pytest counts: each report of a test's phase under its category.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "shared/messages.hpp"

namespace xgrid::client {

class Tally {
public:
    void add(const Event& event);
    /// So much of the code's content was given away by now.
    void add_given(std::uint64_t bytes) { bytes_given_ = bytes; }

    /// Reports by category: failed, passed, skipped, deselected, xfailed, xpassed, warnings, error,
    /// and whatever plugins call theirs. Never 0.
    const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
    std::uint64_t count(const std::string& category) const;

    /// Tests that are known, whether they have run or not.
    std::uint64_t tests_known() const { return tests_known_; }
    /// ... but for files that stand among them because they could not be collected.
    std::uint64_t tests_collected() const { return tests_known_ - not_collected_; }
    /// Tests that have failed, which is not final yet.
    std::uint64_t tests_failing() const { return failing_.size(); }
    std::uint64_t tests_finished() const { return tests_finished_; }
    std::uint64_t units_known() const { return units_known_; }
    std::uint64_t units_loaded() const { return units_loaded_; }
    bool all_units_known() const { return all_units_known_; }
    /// About how many tests the run has in all: units that nobody has loaded yet count as the mean.
    std::uint64_t tests_expected() const;
    /// Every unit is loaded: that number is no estimate.
    bool tests_certain() const { return all_units_known_ && units_loaded_ >= units_known_; }

    /// How the run ended; meaningless before its last event.
    const RunFinished& end() const { return end_; }
    /// The command-line contract's exit code for that end and these counts.
    int exit_code(bool collect_only) const;

    /// None: no code travels, or some slot has it.
    std::optional<std::uint64_t> bytes_given() const {
        return slots_begun_ ? std::nullopt : bytes_given_;
    }

private:
    void count_phases(const TestResult& result);

    std::map<std::string, std::uint64_t> counts_;
    std::set<DoneTest> failing_;
    std::uint64_t tests_known_ = 0;
    std::uint64_t not_collected_ = 0;
    std::uint64_t tests_finished_ = 0;
    std::uint64_t units_known_ = 0;
    std::uint64_t units_loaded_ = 0;
    bool all_units_known_ = false;
    RunFinished end_;
    std::optional<std::uint64_t> bytes_given_;
    bool slots_begun_ = false;
};

/// The word of an outcome in reports: passed, failed, error, skipped, xfailed, xpassed.
std::string outcome_word(Outcome outcome);

}  // namespace xgrid::client
