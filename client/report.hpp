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

    /// The tree that the run uses, where that is not the last commit's. To be called before
    /// begin(), and before begin_again().
    virtual void set_tree(const std::string&) {}
    /// The run as it was submitted.
    virtual std::string begin(Instant now) = 0;
    /// Nothing of the run has begun, and it goes by another name from now on.
    virtual std::string begin_again(const std::string&) { return {}; }
    /// The tally has counted the event already.
    virtual std::string add(Instant now, const Event& event, const Tally& tally) = 0;
    /// Something may have changed only because time went by, such as a progress line.
    virtual std::string tick(Instant, const Tally&) { return {}; }
    virtual std::string end(Instant now, const Tally& tally, int exit_code) = 0;
};

}  // namespace xgrid::client
