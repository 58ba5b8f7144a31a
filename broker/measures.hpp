// What a broker counts and times, since it was started.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "broker/histogram.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

/// By its core.
struct Measures {
    std::uint64_t runs_begun = 0;
    std::map<RunEnd, std::uint64_t> runs_over;
    std::map<Outcome, std::uint64_t> verdicts;
    Histogram first_slot;  // from a run's submission to its first slot
    Histogram job_began;   // from a slot that had nothing to do to the first sign of its next job
};

/// What there is at one moment.
struct Counts {
    std::size_t runs_waiting = 0;  // without a slot
    std::size_t runs_running = 0;
    std::size_t jobs_waiting = 0;
    std::size_t jobs_held = 0;  // by slots
};

/// By its loop.
struct LoopMeasures {
    Histogram turn;                        // from one wait for news to the next
    Histogram commit;                      // of a turn's entries, in the journal
    std::uint64_t bytes_from_clients = 0;  // of code, as it travels
    std::uint64_t bytes_to_workers = 0;
};

}  // namespace xgrid::broker
