// The failures of a run that are not final yet: each is held back until its test has run again in
// a slot that has collected everything, as under plain pytest. Some tests pass only because of what
// other test files import. Knows nothing of jobs and slots.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/messages.hpp"
#include "shared/outcome_words.hpp"

namespace xgrid::broker {

class Confirmation {
public:
    Confirmation(const RunSpec& spec, std::uint32_t most);

    /// False: failures are final.
    bool on() const { return on_; }
    /// One more failure can be held back; else they are too many.
    bool has_room() const { return held_ever_ < most_; }
    /// No failure is held back.
    bool empty() const { return held_.empty(); }

    void hold(TestFinished failure);
    /// Those that are in no job, by environment and unit; from now on they are in one.
    std::map<std::pair<std::uint32_t, std::string>, std::vector<TestName>> take_open();
    /// These are in no job any more, as far as they are held.
    void reopen(const std::string& unit, const std::vector<TestName>& tests);

    /// A failure with what its slot found later on.
    struct Failure {
        TestFinished verdict;
        std::vector<TeardownFailed> late;
    };
    struct Settled {
        Failure result;   // the first, unless the test has passed now
        std::string why;  // it has passed after all, for the user
    };
    /// By what its second run gave. None: it is not held.
    std::optional<Settled> settle(TestFinished second);
    /// Without a second run.
    std::optional<Failure> release(const DoneTest& test);
    /// A teardown has failed after its test's result, in a slot that has collected everything or
    /// not. What is to be told of it now: nothing if its test's failure is held, with which it is
    /// told, nor if not that run of the test counts. Tests are told apart by name alone, for the
    /// attempt that tells may be of another unit.
    std::optional<TeardownFailed> tear_down(TeardownFailed late, bool collected);

    /// Nothing is confirmed from now on. The verdicts of those that were held.
    std::vector<Failure> end();

private:
    struct Held {
        Failure failure;
        bool in_job = false;

        const TestFinished& finished() const { return failure.verdict; }
    };

    bool on_ = false;
    bool counts_results_ = false;  // a result's number is that of all of its test's
    std::uint32_t most_ = 0;
    std::uint32_t held_ever_ = 0;
    std::vector<Held> held_;     // in the order in which they failed
    std::set<TestName> passed_;  // in their second run
    std::set<TestName> stood_;   // their first result, after a second run
};

}  // namespace xgrid::broker
