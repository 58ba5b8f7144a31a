// The failures of a run that are not final yet: each is held back until its test has run again in
// a slot that has collected everything, as under plain pytest. Some tests pass only because of what
// other test files import. Knows nothing of jobs and slots.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shared/messages.hpp"

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
    /// Those that are in no job, by unit; from now on they are in one.
    std::map<std::string, std::vector<TestName>> take_open();
    /// These are in no job any more, as far as they are held.
    void reopen(const std::string& unit, const std::vector<TestName>& tests);

    struct Settled {
        TestFinished verdict;  // the first result, unless the test has passed now
        std::string why;       // it has passed after all, for the user
    };
    /// By what its second run gave. None: it is not held.
    std::optional<Settled> settle(TestFinished second);
    /// Without a second run.
    std::optional<TestFinished> release(const DoneTest& test);
    /// Its verdict is that of its second run.
    bool passed(const DoneTest& test) const { return passed_.contains(test); }

    /// Nothing is confirmed from now on. The verdicts of those that were held.
    std::vector<TestFinished> end();

private:
    struct Held {
        TestFinished failure;
        bool in_job = false;
    };

    bool on_ = false;
    std::uint32_t most_ = 0;
    std::uint32_t held_ever_ = 0;
    std::vector<Held> held_;  // in the order in which they failed
    std::set<DoneTest> passed_;
};

bool is_failure(Outcome outcome);

}  // namespace xgrid::broker
