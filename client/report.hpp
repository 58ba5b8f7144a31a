// What turns a run's events into text for someone. Pure: whoever owns the file or terminal writes
// it.
#pragma once

#include <string>

#include "client/tally.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

class Report {
public:
    virtual ~Report() = default;

    /// The run as it was submitted.
    virtual std::string begin(Instant now) = 0;
    /// The tally has counted the event already.
    virtual std::string add(Instant now, const Event& event, const Tally& tally) = 0;
    /// Something may have changed only because time went by, such as a progress line.
    virtual std::string tick(Instant, const Tally&) { return {}; }
    virtual std::string end(Instant now, const Tally& tally, int exit_code) = 0;
};

}  // namespace xgrid::client
