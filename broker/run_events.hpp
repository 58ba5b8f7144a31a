// A part of a run's events, as it is asked for and given. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::broker {

/// Wants a run's events from that number on, which are as many as fit into a turn.
struct EventsAsked {
    std::string run;  // or how its id begins
    std::uint64_t from = 0;
};
struct EventsGiven {
    std::string run;  // empty: there is none
    std::vector<std::string> environments;
    bool each = false;
    std::string tree;
    std::uint64_t first = 0;  // the number of the first of these
    std::vector<Event> events;
    std::vector<std::uint32_t> times;  // of each: milliseconds since the first of all
    std::string kept;                  // instead of both: as the journal has them
    std::string kept_times;
    bool over = false;  // there will be no others than those that there are
    bool more = false;  // there are others
};

}  // namespace xgrid::broker
