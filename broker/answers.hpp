// What users ask a broker: which runs and workers there are, what a run waits for, and which slots
// could be used that are not there. Pure, and only looks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "broker/job.hpp"
#include "broker/submission.hpp"
#include "broker/workers.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid::broker {

/// A run as the broker keeps it.
struct KnownRun {
    const Submission* run = nullptr;
    Order order;
    Instant submitted_at;
    Instant over_at = never;
    bool followed = false;                                             // a client was heard of late
    std::size_t users_room = std::numeric_limits<std::size_t>::max();  // more slots for its user
};

/// All that there is, at one moment.
struct Scene {
    Instant now;
    std::map<std::string, KnownRun> runs;  // by id
    const Workers& workers;
    const std::map<WorkerKey, std::map<std::string, std::uint32_t>>& used;  // slots, by run
    std::function<std::string(const std::string& peer)> user_of;            // empty: nobody knows
};

/// So many runs are told of at most: those that are open, and of the others the last ones.
constexpr std::size_t told_runs_max = 1000;

Answer answer(const Scene& scene, const Ask& ask);

/// Tests that are known and have no verdict. What a job holds that no slot has loaded is known only
/// if it is named.
std::uint64_t open_tests(const Submission& run);

/// The id that is this one, or the only one that begins so. Error: why there is none, and what to
/// do.
template <class Runs>
Result<std::string> find_id(const Runs& runs, const std::string& beginning) {
    if (beginning.empty()) return Error{"no run is named (xgrid runs lists them)"};
    if (runs.contains(beginning)) return beginning;
    const auto first = runs.lower_bound(beginning);
    if (first == runs.end() || !first->first.starts_with(beginning)) {
        return Error{"there is no run " + beginning + " (xgrid runs lists them)"};
    }
    const auto second = std::next(first);
    if (second != runs.end() && second->first.starts_with(beginning)) {
        return Error{"more runs than one begin with " + beginning +
                     ": give more of its id (xgrid runs --json shows all of it)"};
    }
    return first->first;
}

}  // namespace xgrid::broker
