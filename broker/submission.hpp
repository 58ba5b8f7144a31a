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

#include "broker/run.hpp"
#include "broker/settings.hpp"
#include "shared/instant.hpp"
#include "shared/log.hpp"
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
    Log<Event>& events() { return events_; }
    const Log<Event>& events() const { return events_; }

    std::size_t live_slots() const;
    std::size_t slots_wanted() const;
    std::size_t slots_on(WorkerKey worker) const;
    Instant next_deadline() const;
    /// The one whose job that is; nullptr: nobody's.
    Run* lane_of(std::uint64_t job) const;

    /// Takes what its lanes have to tell, and keeps them together: to be called when something has
    /// happened to one.
    void settle(Instant now);

    /// As Run::record(), of one of its lanes.
    void record(Instant now, Run& lane, AttemptId id, const Fact& fact, const std::string& host);
    void lose_worker(Instant now, WorkerKey worker, const std::string& why);
    void cancel(Instant now);
    /// These environments cannot be had, or not any more, and why.
    void lack(Instant now, const std::map<std::uint32_t, std::string>& lacking);
    /// An environment has ended like that before, under a broker that has forgotten the run.
    void end_environment(Instant now, const EnvironmentEnded& ended);
    bool retire_a_slot();
    void advance(Instant now);
    std::set<WorkerKey> take_changed();

private:
    void keep_limits(Instant now);
    void stop_all(Instant now, const RunFinished& end);
    RunFinished end_of_all() const;

    bool each_ = false;
    std::vector<std::unique_ptr<Run>> lanes_;
    SlotKey next_slot_ = 0;  // beyond those of all environments
    Log<Event> events_;
    std::map<Outcome, std::uint64_t> verdicts_;
    std::optional<RunFinished> ended_;
    bool over_ = false;
};

}  // namespace xgrid::broker
