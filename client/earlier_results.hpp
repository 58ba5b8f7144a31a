// Results of tests that ran again after them, until their verdicts come. Pure.
#pragma once

#include <map>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

class EarlierResults {
public:
    /// `environment`: the same for all, if tests are not told apart by it.
    void add(const TestFailing& failing, std::uint32_t environment);
    void add(const TestFinished& finished, std::uint32_t environment);

    /// Of the test whose verdict was added last: in their order.
    const std::vector<TestFailing>& all() const { return last_.results; }
    /// Its verdict is of a run after them, and not of the last of them, which was confirmed.
    bool ran_again() const { return last_.again; }
    /// It has passed only then: with the same code, in the same environment, it did both.
    bool is_flaky() const { return flaky_; }

private:
    struct Kept {
        std::vector<TestFailing> results;
        bool again = false;
    };

    std::map<DoneTest, Kept> kept_;
    Kept last_;
    bool flaky_ = false;
};

}  // namespace xgrid::client
