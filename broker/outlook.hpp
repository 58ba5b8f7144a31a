// What a run expects of its units and tests, and what follows from it: which goes first, and in
// which pieces they are shared. Pure; knows nothing of slots and jobs.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "broker/expectations.hpp"
#include "broker/rank.hpp"

namespace xgrid::broker {

class Outlook {
public:
    /// From now on. What is said twice of a unit counts as it was said last.
    void learn(std::vector<ExpectedUnit> units);

    /// Nothing is known: whatever comes is alike.
    bool empty() const { return units_.empty(); }
    bool knows(const std::string& unit) const { return units_.contains(unit); }
    /// Of all units, in seconds.
    double seconds() const { return seconds_; }

    Rank rank_of(const std::string& unit) const;
    Rank rank_of(const std::string& unit, const std::vector<TestName>& tests) const;
    /// Of each test. Empty: the unit is not known.
    std::vector<double> seconds_of(const std::string& unit,
                                   const std::vector<TestName>& tests) const;

    /// Tests of a known unit, in order, in pieces for so many takers: those that take long are
    /// alone, and the others, up to `most` of them, stay beside their neighbours.
    std::vector<std::vector<TestName>> pieces_of(const std::string& unit,
                                                 const std::vector<TestName>& tests,
                                                 std::size_t takers, std::size_t most) const;

private:
    struct Unit {
        double seconds = 0;
        double others = 0;  // seconds of each test without a name
        double failures = 0;
        bool failed = false;
        std::map<TestName, ExpectedTest> named;
    };
    static double seconds_of(const Unit& unit, const TestName& test);
    Rank ranked(bool failed, double seconds, double failures) const;

    std::map<std::string, Unit> units_;
    double seconds_ = 0;
};

/// How many tests, from the first on, are a fair part of all, if all are to be shared by so many.
std::size_t fair_part(const std::vector<double>& seconds, std::size_t sharers);

}  // namespace xgrid::broker
