// Tests of a run that have failed and run again before that is their verdict: the last failure of
// each, and how many results it has given. Knows nothing of jobs, and of slots only their numbers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/job.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

class Retries {
public:
    explicit Retries(const RunSpec& spec)
        : on_(spec.retries > 0 && !spec.collect_only), most_(spec.retries) {}

    /// False: no test runs again.
    bool on() const { return on_; }

    /// The number of the test's next result, from 1.
    std::uint32_t next(const std::string& unit, const TestName& test) const;
    /// It is to run again, or does.
    bool holds(const std::string& unit, const TestName& test) const;
    /// After a result of that number the test may run once more.
    bool may_go_on(std::uint32_t number) const { return on_ && number <= most_; }

    /// The test has failed in that slot, and runs again.
    void hold(SlotKey slot, TestFinished failure);
    /// A held test has given a result there that says nothing, and runs again.
    void count(SlotKey slot, const std::string& unit, const TestName& test);
    /// Its last failure: it runs no more. None: it is not held.
    std::optional<TestFinished> release(const std::string& unit, const TestName& test);
    /// No test runs again from now on. The last failures of those that were to.
    std::vector<TestFinished> end();

    /// The test's last result in that slot counts.
    void let_count(SlotKey slot, const TestName& test) { superseded_.erase({slot, test}); }
    /// It does not, as the test ran again after it: nor does what the slot finds of it later on.
    bool is_superseded(SlotKey slot, const TestName& test) const {
        return superseded_.contains({slot, test});
    }

private:
    struct Held {
        TestFinished failure;
        std::uint32_t results = 0;
    };

    bool on_;
    std::uint32_t most_;
    std::map<std::pair<std::string, TestName>, Held> held_;
    std::set<std::pair<SlotKey, TestName>> superseded_;
};

}  // namespace xgrid::broker
