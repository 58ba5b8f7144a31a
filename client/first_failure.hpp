// When the first of a run's failures was seen that stayed one. Owns no clock: it is told.
#pragma once

#include <map>
#include <optional>

#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

class FirstFailure {
public:
    void add(Instant now, const Event& event);

    /// None: nothing has failed. Of what may still pass, it counts while it has not.
    std::optional<Instant> seen_at() const;

private:
    std::optional<Instant> final_;
    std::map<DoneTest, Instant> failing_;  // and run again
};

}  // namespace xgrid::client
