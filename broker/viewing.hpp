// What the loop says to HTTP's threads: a little of what it has, at a cost that has a bound.
#pragma once

#include "broker/broker.hpp"
#include "broker/desk.hpp"
#include "broker/journal.hpp"

namespace xgrid::broker {

/// Of a run that goes on or, with a journal, is over.
EventsGiven events_for(const Broker& core, Journal* journal, const EventsAsked& asked);

/// As it is answered to a client; of a run that is over without reading all of it.
Answer answer_for(Instant now, std::chrono::seconds wall, const Broker& core, Journal* journal,
                  const Ask& ask);

}  // namespace xgrid::broker
