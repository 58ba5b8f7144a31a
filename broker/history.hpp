// What the history of tests learns of the runs of a broker, and what it tells: expectations for a
// run that begins, answers for who asks. Owns what is not yet written; writes seldom, and a part at
// a time, so that no run waits for it. Where the file cannot be used that is said once, and runs go
// on without.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/history_store.hpp"
#include "broker/steps.hpp"
#include "broker/submission.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

/// Of tests that one answer tells about.
constexpr std::size_t told_tests_max = 200;

class History {
public:
    using Warn = std::function<void(const std::string&)>;

    /// `project` stands for that of all runs; empty: each is what its order says. No file: nothing
    /// is kept, and nothing known.
    History(const std::filesystem::path& file, std::string project, Warn warn);

    /// That run is followed from now on.
    void begin(const Submit& submit);
    /// It may be said later which paths it changes, as long as nothing of it is written. Whether
    /// more is expected for that.
    bool hear_changes(const Submit& submit);
    /// What is known of its tests, for each of its lanes.
    std::vector<TestsExpected> expectations(const Submit& submit);

    /// Takes what has happened to runs since. `find`: nullptr if there is no such run any more.
    /// To be called before a run forgets events, or is forgotten.
    void look(Instant now, const std::function<const Submission*(const std::string&)>& find);

    /// When next_deadline() has passed: writes a part of what there is.
    void write(Instant now, std::chrono::seconds wall);
    /// Writes all that there is.
    void finish(std::chrono::seconds wall);
    Instant next_deadline() const { return due_; }

    /// Of Question::history and Question::flakes.
    std::vector<TestHistory> answer(const Ask& ask, std::chrono::seconds wall);

private:
    // What is known of a slot when it begins.
    struct Slot {
        std::string environment;
        std::uint64_t kind = 0;
    };
    struct Known {
        HistoryRun about;
        std::vector<std::string> environments;                        // names
        std::map<std::pair<std::uint32_t, std::string>, Slot> slots;  // by environment and name
        std::map<DoneTest, std::uint32_t> failing;                    // attempts, of tests to retry
        std::set<std::pair<std::string, TestName>> red;               // in any environment
        std::uint64_t looked = 0;                                     // events
        std::uint64_t taken = 0;                                      // ... of an earlier life
        std::vector<HistoryVerdict> verdicts;                         // not written
        bool written = false;                                         // a part of it
        bool over = false;
    };

    void hear(Known& run, const Event& event);
    void note(Known& run, const DoneTest& test, const std::string& worker, const TestResult& result,
              std::uint32_t attempt, bool is_last);
    void write_part(Known& run, std::chrono::seconds wall);
    std::string project_of(const Order& order) const {
        return project_.empty() ? order.project : project_;
    }
    void give_up(const std::string& why);

    std::optional<HistoryStore> store_;
    std::string project_;
    Warn warn_;
    std::map<std::string, Known> runs_;
    bool warned_ = false;
    Instant due_ = never;
    std::optional<Instant> written_at_;  // all that there was
};

/// As users know it: "py3.11, Python 3.11". `name` is what it was asked for as.
std::string environment_of(const std::string& name, const SlotFacts& facts);

}  // namespace xgrid::broker
