// What may go wrong in a simulated grid: every knob in one place, all off.
#pragma once

#include <cstdint>

#include "shared/instant.hpp"

namespace xgrid::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Faults {
    // The network, for each message.
    double loss = 0;
    double repeat = 0;
    Duration delay_least = std::chrono::microseconds(50);
    Duration delay_most = std::chrono::microseconds(200);
    // What is published, for each listener: lost, as with a full queue, or long on its way; and how
    // long it takes to listen at most.
    double publication_loss = 0;
    double publication_late = 0;
    Duration listens_within{0};
    // How often something happens to one of them, drawn at random, while faults last; 0: never.
    Duration reconnect_every{0};
    Duration partition_every{0};
    Duration partition_lasts = seconds(5);
    Duration worker_restart_every{0};
    Duration worker_leave_every{0};  // in order; another one takes its place
    Duration worker_drain_every{0};  // likewise; at once if it takes too long
    Duration worker_sick_every{0};   // so that it takes nothing new for a while
    Duration broker_restart_every{0};
    // For each of its steps, of a broker that keeps a journal: before or after what came of it is
    // kept, and before anything is sent.
    double broker_dies_within = 0;
    // All slots of a worker at once, with the interpreter that they were forked from.
    Duration interpreter_death_every{0};
    // Slots, for each start.
    double start_crash = 0;
    double between_crash = 0;  // for each test: after it has ended
    double refuses = 0;        // to begin, as on a host that lacks something
    double slow_slot = 0;
    double slowness = 10;
    double stays = 0;  // when it has finished, until it is ended
    // When all of the above stops, so that the run must end.
    Duration last = seconds(60);
};

}  // namespace xgrid::simulation
