// A job, its current attempt, and the slot that holds it: plain records that a run keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/rank.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

/// Numbers workers in the order in which they came.
using WorkerKey = std::uint64_t;
/// Numbers the slots of a run: each environment's first ones in the order of the environments, as
/// they are used, and those that come in their place after all of these.
using SlotKey = std::uint32_t;

enum class TestState : std::uint8_t { open, running, closed };

/// What is known of the current hand-out of a job, from the facts recorded so far.
struct Attempt {
    std::uint32_t number = 0;
    SlotKey slot = 0;
    std::uint64_t recorded = 0;  // facts
    std::vector<TestName> tests;
    std::vector<TestState> states;         // of each test
    std::vector<std::string> groups;       // of each test, if any is in one
    std::optional<std::uint32_t> running;  // a test
    Instant running_since;
    bool copied = false;          // there was a copy of the test that runs
    std::uint32_t unstarted = 0;  // tests that are open and do not run
    std::uint32_t finished = 0;   // tests
    std::uint32_t deselected = 0;
    std::vector<double> seconds;   // that each test is expected to take; empty: nobody knows
    double unstarted_seconds = 0;  // of those that are open and do not run
    std::vector<ListedNode> listed;
    bool ahead = false;          // it was handed to a slot that had another one
    bool began = false;          // there is a fact from the slot while it is at this job
    bool loaded = false;         // all of its tests are known
    std::uint32_t asked = 0;     // the last request to give back
    std::uint32_t answered = 0;  // ... and the last one that was answered
    std::uint32_t keep = 0;      // unstarted tests, at most
    std::uint32_t takers = 0;    // slots that wait for what it gives back
    Duration ask_pause{0};       // it had nothing to give, and is not asked for so long
    Instant ask_again_at;
    Instant assigned_at;
    Instant began_at;
    Instant loaded_at;
};

/// Why a job is there, which decides what slots may have it and what its results mean.
enum class Purpose : std::uint8_t {
    test,            // in any slot
    test_collected,  // in a slot that has collected everything
    confirm,         // there, too: results that are held back
};

/// Where a test has failed that is to run again, and when.
struct Again {
    SlotKey slot = 0;
    WorkerKey worker = 0;
    bool collected = false;  // that slot has collected everything
    Instant since;
};

struct Job {
    std::uint64_t id = 0;
    JobBody body;
    Purpose purpose = Purpose::test;
    std::string group;                         // of all its tests; empty: of none
    Rank rank;                                 // among jobs that wait for any slot
    const UnitNeeds* needs = nullptr;          // of its unit; nullptr: a slot
    std::optional<Again> again;                // its one test has failed before
    std::optional<std::uint64_t> copy;         // the job that runs its last test beside it
    std::optional<std::uint64_t> copy_of;      // ... and the one beside which this one does
    std::optional<std::uint32_t> environment;  // whose slots alone may have it; none: any
    std::uint32_t attempts = 0;                // so far
    std::uint32_t losses = 0;                  // attempts that took their worker with them
    std::optional<Attempt> attempt;
};

struct Slot {
    WorkerKey worker = 0;
    std::uint32_t environment = 0;
    bool up = false;                  // its session has begun
    bool collected = false;           // it collects everything before its first job
    std::vector<std::uint64_t> jobs;  // that it holds, the one that runs first
};

inline std::string slot_name(SlotKey slot) { return "gw" + std::to_string(slot); }

}  // namespace xgrid::broker
