// Who watches a simulated grid, and stops it at the first broken promise. Each rule is a sentence
// that says what must hold; which planted bug which of them catches stands in README.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "broker/run.hpp"
#include "shared/messages.hpp"
#include "tests/simulation/suite.hpp"

namespace xgrid::simulation {

/// A rule was broken.
struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What the client of one run was told.
struct Told {
    const Suite* suite = nullptr;
    std::string run;
    std::uint64_t events = 0;
    bool confirms = false;                     // its failures, before they are final
    std::set<RunEnd> ends{RunEnd::completed};  // that this run may have
    std::map<DoneTest, TestFinished> verdicts;
    std::set<DoneTest> failing;                   // that were told as such
    std::uint32_t retries = 0;                    // how often a test that failed may run again
    std::map<DoneTest, std::uint32_t> run_again;  // so often, as was told
    bool gave_up_confirming = false;
    bool only_collects = false;
    bool each = false;                      // every test in each environment
    std::uint32_t lanes = 1;                // how often each test is to be run
    std::map<std::uint32_t, RunEnd> ended;  // environments
    /// Where a test is another than elsewhere.
    std::uint32_t apart(std::uint32_t environment) const { return each ? environment : 0; }
    std::set<DoneTest> named;         // tests, where they are only collected
    std::set<std::size_t> torn_down;  // executions whose teardown was told to have failed
    std::set<std::string> workers;
    std::vector<std::string> workers_lost;
    std::uint64_t crashes = 0;  // of slots
    std::optional<RunFinished> end;
};

class Judges {
public:
    explicit Judges(Instant faults_end) : faults_end_(faults_end) {}

    Instant faults_end() const { return faults_end_; }

    /// Throws Broken with the rule, unless it holds.
    void check(bool holds, const std::string& rule) const {
        if (!holds) throw Broken(rule);
    }

    /// That run is one of each environment.
    void runs_in_each(const std::string& run) { each_.insert(run); }
    /// A test of that run that has failed may run again so often.
    void runs_again(const std::string& run, std::uint32_t most) { retries_[run] = most; }
    /// From now on tests may run again, and be given up.
    void may_lose_workers() { workers_are_lost_ = true; }
    /// The last tests of some run may have a copy.
    void may_copy() { may_copy_ = true; }
    bool workers_are_lost() const { return workers_are_lost_; }
    /// Nothing is cut short: what the broker takes for over is over.
    void is_exact(bool exact) { exact_ = exact; }
    bool is_exact() const { return exact_; }

    // ---- What slots do
    /// Its number.
    std::uint64_t slot_begins() { return ++slots_; }
    /// It runs no further test.
    void slot_ends(std::uint64_t slot) { ended_slots_.insert(slot); }
    /// Of a group that stays together.
    struct GroupOf {
        std::string broker;
        std::string run;
        std::uint32_t environment = 0;
        std::string group;
        friend auto operator<=>(const GroupOf&, const GroupOf&) = default;
    };
    void runs_of_group(const GroupOf& group, std::uint64_t slot, const DoneTest& test);
    void begins(const std::string& broker, AttemptId attempt);
    /// Returns a stamp for the result: which execution it is of.
    double executes(const std::string& broker, AttemptId attempt, const std::string& unit,
                    const ModelTest& test, bool fails, std::uint32_t environment);
    std::uint64_t executions() const { return executions_.size(); }
    void test_crashes(const std::string& unit, const TestName& test);
    void slot_crashes(const std::string& how);
    void refuses(const std::string& run, const std::string& why, std::int32_t code);
    /// The teardown of the execution with that stamp has failed, after all that it did.
    void tears_down_late(double stamp);
    /// That this happened: what happens in too few grids is not tested by them.
    void notes(const std::string& what) { ++noted_[what]; }
    const std::map<std::string, std::uint64_t>& noted() const { return noted_; }

    // ---- What is said
    void sees_progress(const std::string& broker, const Progress& progress);
    void hears(Told& told, const Event& event);

    // ---- What is
    void audit(const broker::Run& run);
    void ends(const Told& told);
    /// All runs are over; `tests` is how many they had in all.
    void ends_all(std::uint64_t tests) const;

private:
    struct Execution {
        std::string broker;
        AttemptId attempt;
        std::string unit;
        TestName test;
        std::optional<Outcome> outcome;  // none: it never gives a result
        std::uint32_t environment = 0;
        bool torn_down_late = false;  // and that was said
    };

    using TestOf = std::tuple<std::string, std::string, DoneTest>;  // a broker's, of a run
    TestOf test_of(const std::string& broker, const std::string& run, DoneTest test) const;
    void sees_failing(const std::string& broker, const std::string& run, const TestFailing& event);
    void sees_verdict(const std::string& broker, const std::string& run, const TestFinished& event);
    void hears_failing(Told& told, const TestFailing& event);
    void hears_verdict(Told& told, const TestFinished& event);
    void hears_late(Told& told, const TeardownFailed& event) const;
    void ends_torn_down(const Told& told) const;
    void ends_in(const Told& told, std::uint32_t where) const;
    void ends_failed(const Told& told) const;
    void audit_again(const broker::Run& run) const;
    void audit_copy(const broker::Run& run, std::uint64_t id, const broker::Job& copy);

    Instant faults_end_;
    bool workers_are_lost_ = false;
    bool may_copy_ = false;
    bool exact_ = false;
    std::set<std::string> each_;
    std::set<std::pair<std::string, AttemptId>> begun_;
    std::set<std::tuple<std::string, AttemptId, TestName>> executed_;
    std::vector<Execution> executions_;
    std::set<DoneTest> crashed_;
    std::set<std::tuple<std::string, std::string, std::int32_t>> refused_;  // runs, why, codes
    std::uint64_t slots_ = 0;
    std::set<std::uint64_t> ended_slots_;
    std::map<GroupOf, std::uint64_t> slots_of_groups_;
    std::uint64_t failing_ = 0;       // tests that may run once more, of all runs
    std::uint64_t crashes_ = 0;       // of slots
    std::uint64_t crashes_told_ = 0;  // of slots, by any broker
    std::map<std::string, std::uint64_t> noted_;
    // Per broker and run: how far its events were seen, and which tests have a verdict among them.
    std::map<std::pair<std::string, std::string>, std::uint64_t> seen_;
    std::map<std::string, std::uint64_t> sent_;  // events of a run, by all brokers
    std::set<TestOf> verdicts_;
    std::map<std::string, std::uint32_t> retries_;
    std::map<TestOf, std::uint32_t> results_;  // before the verdict
    std::set<std::pair<GroupOf, DoneTest>> ran_in_group_;
};

}  // namespace xgrid::simulation
