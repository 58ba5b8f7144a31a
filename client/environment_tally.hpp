// How far the tests of one environment are; where a run has each test once, how far all are.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "shared/messages.hpp"

namespace xgrid::client {

class EnvironmentTally {
public:
    /// Events of other environments are not to be given.
    void add(const Event& event);
    /// The verdict that was added last is that of a flaky test.
    void add_flaky() { ++counts_["flaky"]; }

    /// Reports by category, and flaky tests. Never 0.
    const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
    std::uint64_t count(const std::string& category) const;

    std::uint64_t tests_known() const { return tests_known_; }
    std::uint64_t tests_collected() const { return tests_known_ - not_collected_; }
    std::uint64_t tests_failing() const { return failing_.size(); }
    std::uint64_t tests_finished() const { return tests_finished_; }
    std::uint64_t units_known() const { return units_known_; }
    std::uint64_t units_loaded() const { return units_loaded_; }
    bool all_units_known() const { return all_units_known_; }
    /// About how many tests there are: units that nobody has loaded yet count as the mean. Never
    /// less than have finished.
    std::uint64_t tests_expected() const;
    /// That number is no estimate.
    bool tests_certain() const {
        return over_ || (all_units_known_ && units_loaded_ >= units_known_);
    }
    /// A slot has begun there.
    bool begun() const { return begun_; }
    /// Nothing more is run there.
    bool over() const { return over_; }

private:
    void count(const TestResult& result);

    std::map<std::string, std::uint64_t> counts_;
    std::set<std::pair<std::string, TestName>> failing_;
    std::uint64_t tests_known_ = 0;
    std::uint64_t not_collected_ = 0;
    std::uint64_t tests_finished_ = 0;
    std::uint64_t units_known_ = 0;
    std::uint64_t units_loaded_ = 0;
    bool all_units_known_ = false;
    bool begun_ = false;
    bool over_ = false;
};

}  // namespace xgrid::client
