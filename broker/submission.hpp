// A run as its client sees it: one log of events, and one end. Inside it is a single Run, or, if
// every test is to be run in each environment, a Run for each: its lanes, which know nothing of
// each other. Owns what they have in common: the log, limits, and what their ends come to.
// Knows nothing of peers and workers but their keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/events.hpp"
#include "broker/run.hpp"
#include "broker/settings.hpp"
#include "broker/steps.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

class Submission {
public:
    Submission(std::string id, RunSpec spec, std::vector<DoneTest> done, std::uint64_t& next_job,
               const Settings& settings);
    // Lanes point into it.
    Submission(const Submission&) = delete;
    Submission& operator=(const Submission&) = delete;

    const std::string& id() const { return lanes_.front()->id(); }
    const RunSpec& spec() const { return lanes_.front()->spec(); }
    /// At least one.
    const std::vector<std::unique_ptr<Run>>& lanes() const { return lanes_; }
    bool over() const { return over_; }
    /// How it has ended.
    const std::optional<RunFinished>& end() const { return ended_; }
    /// Of its tests, so far.
    const std::map<Outcome, std::uint64_t>& verdicts() const { return verdicts_; }
    Events& events() { return events_; }
    const Events& events() const { return events_; }

    std::size_t live_slots() const;
    std::size_t slots_wanted() const;
    std::size_t slots_on(WorkerKey worker) const;
    /// Of all its lanes.
    const Resources& resources() const { return lanes_.front()->resources(); }
    /// Its units may need locks that are the grid's.
    bool has_grid_locks() const { return has_grid_locks_; }
    /// A job of its has begun there.
    bool has_begun_on(WorkerKey worker) const;
    Instant next_deadline() const;
    /// The place of the one whose job that is; none: nobody's.
    std::optional<std::uint32_t> lane_of(std::uint64_t job) const;

    /// Takes this step. False: it makes no sense here, or changes nothing.
    bool perform(Instant now, const Step& step);
    /// The same for FactRecorded.
    bool record(Instant now, std::uint32_t lane, AttemptId id, const Fact& fact,
                const std::string& host);
    /// Environments have ended like that before, under a broker that has forgotten the run. Before
    /// the first step.
    void end_environments(Instant now, const std::vector<EnvironmentEnded>& ended);
    std::set<WorkerKey> take_changed();
    std::vector<Duration> take_waits();

private:
    bool take(Instant now, const FactRecorded& step);
    bool take(Instant now, const WorkerLost& step);
    bool take(Instant now, const RunCancelled& step);
    bool take(Instant now, const EnvironmentsLack& step);
    bool take(Instant now, const SlotGiven& step);
    bool take(Instant now, const SlotAsked& step);
    bool take(Instant now, const Scheduled& step);
    bool take(Instant now, const LocksGiven& step);
    bool take(Instant now, const TimePassed& step);
    bool take(Instant now, const WorkerRetires& step);
    bool take(Instant now, const TestsExpected& step);
    void settle(Instant now);
    void keep_limits(Instant now);
    void stop_all(Instant now, const RunFinished& end);
    RunFinished end_of_all() const;

    bool each_ = false;
    bool has_grid_locks_ = false;
    std::vector<std::unique_ptr<Run>> lanes_;
    SlotKey next_slot_ = 0;  // beyond those of all environments
    Events events_;
    std::map<Outcome, std::uint64_t> verdicts_;
    std::optional<RunFinished> ended_;
    const std::uint64_t* next_job_;
    bool over_ = false;
};

}  // namespace xgrid::broker
