// What the web page is told of a run, as JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/run_events.hpp"

namespace xgrid::broker {

/// A part of a run's events: those of `given` from the number `from` on.
struct RunPart {
    std::string json;
    std::uint64_t next = 0;  // the number after the last of them
    std::size_t events = 0;
    bool last = false;  // there will be no more
};

/// One object in one line:
///
///   run, tree; environments, by their names; each: every test is run in each of them
///   first, next   numbers of the first of these events, and of the one after the last
///   over          the run is over; last: these are the last of its events
///   events        as `xgrid submit --json` has them (shared/event_json.hpp), with `at`: seconds
///                 since the run's first one, as far as that is known; without starts of tests
///                 whose ends are there, too
RunPart run_part(EventsGiven given, std::uint64_t from);

/// A message to readers of server-sent events, who send the id again to go on after it.
std::string sent_event(std::uint64_t id, const std::string& json);

}  // namespace xgrid::broker
