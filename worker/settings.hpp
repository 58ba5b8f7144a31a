// What a worker may be told to do otherwise.
#pragma once

#include <cstddef>

#include "shared/instant.hpp"

namespace xgrid::worker {

struct Settings {
    /// Facts wait at most so long for others to share a status with.
    Duration batch = std::chrono::milliseconds(4);
    /// The broker hears in that time that what it published was heard.
    Duration acknowledge = std::chrono::milliseconds(50);
    /// The broker hears at least so often.
    Duration heartbeat = std::chrono::seconds(1);
    /// It takes itself out when no slot can start, for more runs than one.
    bool watches_starts = false;
    /// How long the process of a slot that has finished may take to leave.
    Duration leave_grace = std::chrono::seconds(5);
};

}  // namespace xgrid::worker
