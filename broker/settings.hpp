// What a broker may be told to do otherwise.
#pragma once

#include <cstdint>
#include <string>

#include "broker/share_rules.hpp"
#include "shared/instant.hpp"

namespace xgrid::broker {

struct Settings {
    /// A worker that is silent for so long is lost, and its jobs go to others.
    Duration worker_lease = std::chrono::seconds(10);
    /// A client that is silent for so long is gone, and its run is cancelled.
    Duration client_lease = std::chrono::seconds(60);
    /// A worker hears from the broker at least so often.
    Duration heartbeat = std::chrono::seconds(1);
    /// How late a worker may learn what is recorded of what it said; it only holds memory
    /// meanwhile.
    Duration receipt_delay = std::chrono::milliseconds(200);
    /// A worker that does not say for so long that it has heard what was published is sent it.
    Duration topic_patience = std::chrono::milliseconds(250);
    /// Where publications are heard; empty: nowhere.
    std::string topics;
    /// Runs that stay without their clients are kept in a journal.
    bool journal = false;
    /// How long slots may take to finish once a run is over.
    Duration finish_grace = std::chrono::seconds(10);
    /// A job that was lost so many times is given up, and reported.
    std::uint32_t losses_max = 3;
    /// After more failures than this none is confirmed.
    std::uint32_t confirmations_max = 50;
    /// A test that is to run again waits so long for a slot of another worker, and for another slot
    /// than the one where it failed.
    Duration retry_patience = std::chrono::seconds(10);
    Duration retry_slot_patience = std::chrono::seconds(1);
    /// More tests than this do not fit into one job, so that a message has an upper size.
    std::uint32_t job_tests_max = 5000;
    /// What each user may have of the slots.
    ShareRules shares;
};

}  // namespace xgrid::broker
