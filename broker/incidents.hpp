// Whose jobs died on which worker of late, and which worker is to have nothing new for that. Goes
// by workers' names, since one that dies comes back as another session. Pure.
//
// Only a worker on which jobs of several projects have died, one after the other, is suspected: one
// can take a worker down by its own doing.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "shared/instant.hpp"

namespace xgrid::broker {

class Incidents {
public:
    /// So many projects; each user's is one of its own.
    static constexpr std::size_t projects_least = 3;
    /// What was longer ago does not count.
    static constexpr Duration span = std::chrono::minutes(10);
    /// What happens within that time is one incident.
    static constexpr Duration together = std::chrono::seconds(1);
    /// How long a worker has nothing new; twice as long each further time, but no longer than that.
    static constexpr Duration pause_least = std::chrono::seconds(30);
    static constexpr Duration pause_most = std::chrono::minutes(10);
    /// One that has done well for so long is as good as new.
    static constexpr Duration forgiven_after = std::chrono::hours(1);

    struct Pause {
        Instant until;
        std::string why;
        bool operator==(const Pause&) const = default;
    };

    /// A job of that project died there. The pause that begins with that.
    std::optional<Pause> add(Instant now, const std::string& worker, const std::string& project);
    /// The pause that the worker is in.
    std::optional<Pause> pause(Instant now, const std::string& worker) const;

private:
    struct Record {
        std::map<std::string, Instant> projects;  // when it was last
        std::optional<Instant> last;
        Duration next_pause = pause_least;
        std::optional<Pause> pause;
    };
    std::map<std::string, Record> records_;
};

}  // namespace xgrid::broker
