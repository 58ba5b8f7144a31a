// What happens to a run, step by step: its life follows from its submission and these alone, so
// that a broker that starts again takes the same steps and has the run as it was.
//
// Both variants are kept on disks: new alternatives and fields are appended.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "broker/expectations.hpp"
#include "broker/job.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

/// A fact of an attempt of that lane, the next in its log.
struct FactRecorded {
    std::uint32_t lane = 0;
    AttemptId attempt;
    Fact fact;
    std::string host;
    XGRID_FIELDS(FactRecorded, lane, attempt, fact, host);
};
struct WorkerLost {
    WorkerKey worker = 0;
    std::string why;
    XGRID_FIELDS(WorkerLost, worker, why);
};
struct RunCancelled {
    XGRID_FIELDS(RunCancelled);
};
/// Environments that cannot be had, or not any more, and why.
struct EnvironmentsLack {
    std::map<std::uint32_t, std::string> lacking;
    XGRID_FIELDS(EnvironmentsLack, lacking);
};
/// A place for one more slot.
struct SlotGiven {
    std::uint32_t lane = 0;
    WorkerKey worker = 0;
    std::uint32_t environment = 0;
    std::uint32_t size = 0;  // slots that the worker has in all
    XGRID_FIELDS(SlotGiven, lane, worker, environment, size);
};
/// That slot is to be freed for another run.
struct SlotAsked {
    std::uint32_t lane = 0;
    SlotKey slot = 0;
    XGRID_FIELDS(SlotAsked, lane, slot);
};
/// Jobs go to slots, while so many more could start, so many where a unit waits for them, and so
/// many on other workers than the one where a test has failed that is to run again.
struct Scheduled {
    std::uint32_t lane = 0;
    std::uint64_t places = 0;
    std::uint64_t next_job = 0;  // that it came to; 0: that is not known yet
    std::uint64_t there = 0;
    std::uint64_t elsewhere = 0;
    XGRID_FIELDS(Scheduled, lane, places, next_job, there, elsewhere);
};
/// What is due.
struct TimePassed {
    XGRID_FIELDS(TimePassed);
};
/// The worker takes nothing new: what it has not begun goes elsewhere.
struct WorkerRetires {
    WorkerKey worker = 0;
    XGRID_FIELDS(WorkerRetires, worker);
};

/// Locks of the grid are this run's until its units have had them.
struct LocksGiven {
    std::uint32_t lane = 0;
    std::vector<std::string> locks;
    XGRID_FIELDS(LocksGiven, lane, locks);
};

/// What is known of a lane's units before they are named.
struct TestsExpected {
    std::uint32_t lane = 0;
    std::vector<ExpectedUnit> units;
    XGRID_FIELDS(TestsExpected, lane, units);
};

using Step =
    std::variant<FactRecorded, WorkerLost, RunCancelled, EnvironmentsLack, SlotGiven, SlotAsked,
                 Scheduled, TimePassed, WorkerRetires, LocksGiven, TestsExpected>;

// ---- What is kept of a broker's life. Times are of its own clock, in nanoseconds

struct RunBegun {
    std::uint64_t number = 0;  // of all runs of this broker
    std::int64_t at = 0;
    Submit submit;
    XGRID_FIELDS(RunBegun, number, at, submit);
};
struct RunStep {
    std::uint64_t number = 0;
    std::int64_t at = 0;
    Step step;
    XGRID_FIELDS(RunStep, number, at, step);
};
/// Its steps are of no use any more.
struct RunOver {
    std::uint64_t number = 0;
    RunSummary summary;
    RunSpec spec;
    std::uint64_t epoch = 0;
    std::vector<Event> events;
    std::vector<std::uint32_t> times;  // of each: milliseconds since the first one
    XGRID_FIELDS(RunOver, number, summary, spec, epoch, events, times);
};
struct WorkerCame {
    WorkerKey worker = 0;
    std::string session;
    std::string host;
    std::string name;  // that it is called by
    XGRID_FIELDS(WorkerCame, worker, session, host, name);
};
struct WorkerGone {
    WorkerKey worker = 0;
    XGRID_FIELDS(WorkerGone, worker);
};

std::int64_t nanoseconds(Instant instant);
Instant instant_of(std::int64_t nanoseconds);

using JournalEntry = std::variant<RunBegun, RunStep, RunOver, WorkerCame, WorkerGone>;

}  // namespace xgrid::broker
