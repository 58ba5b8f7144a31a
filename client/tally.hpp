// What a run comes to, counted as pytest counts: each report of a test's phase under its category.
// Under `each` a test counts once in each environment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/earlier_results.hpp"
#include "client/environment_tally.hpp"
#include "client/matrix.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

/// What is told once all tests are over, besides them; a code that is not 0 becomes the run's if
/// its tests have none to say.
struct Closing {
    std::string text;
    int code = 0;
};

class Tally {
public:
    explicit Tally(const RunSpec& spec = {});

    void add(const Event& event);
    /// So much of the code's content was given away by now.
    void add_given(std::uint64_t bytes) { bytes_given_ = bytes; }

    void close(Closing closing) { closing_ = std::move(closing); }
    const Closing& closing() const { return closing_; }

    /// Reports by category: failed, passed, skipped, deselected, xfailed, xpassed, warnings, error,
    /// quarantined, and whatever plugins call theirs; and how many of the tests that passed are
    /// flaky. Never 0.
    std::map<std::string, std::uint64_t> counts() const;
    std::uint64_t count(const std::string& category) const;

    /// Tests that are known, whether they have run or not.
    std::uint64_t tests_known() const { return sum(&EnvironmentTally::tests_known); }
    /// ... but for files that stand among them because they could not be collected.
    std::uint64_t tests_collected() const { return sum(&EnvironmentTally::tests_collected); }
    /// Tests that have failed, which is not final yet.
    std::uint64_t tests_failing() const { return sum(&EnvironmentTally::tests_failing); }
    std::uint64_t tests_finished() const { return sum(&EnvironmentTally::tests_finished); }
    /// About how many tests the run has in all: an environment that has loaded nothing yet counts
    /// as the one with most. Never less than have finished.
    std::uint64_t tests_expected() const;
    /// Every unit is loaded: that number is no estimate.
    bool tests_certain() const;

    /// Those of the run.
    const std::vector<Quarantine>& quarantines() const { return quarantines_; }
    /// What the test whose verdict was added last gave before it.
    const EarlierResults& earlier() const { return earlier_; }

    /// Of each environment, if each has verdicts of its own; else one, of them all.
    const std::vector<EnvironmentTally>& environments() const { return environments_; }
    /// Of a run of each of several environments; null: it is none.
    const Matrix* matrix() const { return matrix_ ? &*matrix_ : nullptr; }

    /// How the run ended; meaningless before its last event.
    const RunFinished& end() const { return end_; }
    /// How an environment ended; null: it has not, or as all of the run did.
    const EnvironmentEnded* end_of(std::uint32_t environment) const;
    /// The command-line contract's exit code for these ends and counts.
    int exit_code(bool collect_only) const;

    /// None: no code travels, or some slot has it.
    std::optional<std::uint64_t> bytes_given() const {
        return slots_begun_ ? std::nullopt : bytes_given_;
    }

private:
    std::uint64_t sum(std::uint64_t (EnvironmentTally::*number)() const) const;
    std::optional<int> exit_code_of_ends() const;

    bool each_;
    bool fails_on_flaky_;
    std::vector<Quarantine> quarantines_;
    EarlierResults earlier_;
    std::uint64_t flaky_ = 0;  // tests that are, and in no quarantine
    std::vector<EnvironmentTally> environments_;
    std::optional<Matrix> matrix_;
    std::uint64_t warnings_ = 0;
    RunFinished end_;
    std::map<std::uint32_t, EnvironmentEnded> ends_;
    std::optional<std::uint64_t> bytes_given_;
    bool slots_begun_ = false;
    Closing closing_;
};

}  // namespace xgrid::client
