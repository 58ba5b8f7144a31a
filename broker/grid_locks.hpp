// Which runs have locks of the grid, and which come next. Pure; knows nothing of runs but their
// names.
//
//   A run asks when it lacks nothing else: it has a slot for a unit that needs them. It gets all
//   locks of a unit at once or none, so that no two wait for each other; and none that somebody who
//   has asked longer waits for, so that nobody waits for ever. Where two runs differ in how many
//   may have a lock, the smaller number counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/resources.hpp"

namespace xgrid::broker {

class GridLocks {
public:
    /// Locks of units, one after the other.
    using Wishes = std::vector<std::vector<std::string>>;

    /// What that run has. Returns who has asked for locks that have come free by that.
    std::set<std::string> set(const std::string& run, const Resources& has);
    /// One lane of a run could use them now; nothing: it asks for nothing any more. Returns who
    /// waits for what it does not ask for any more.
    std::set<std::string> ask(const std::string& run, std::uint32_t lane, const Wishes& wishes);
    /// Of these, all that can be had now.
    std::vector<std::string> available(const std::string& run, std::uint32_t lane,
                                       const Wishes& wishes, const Resources& its) const;
    /// Likewise returns who has asked for what it had, or asked for.
    std::set<std::string> forget(const std::string& run);

    /// Runs that have it, with how many.
    std::map<std::string, std::uint32_t> holders(const std::string& lock) const;

private:
    struct Held {
        std::uint32_t count = 0;
        std::uint32_t most = 1;  // as that run says
    };
    struct Asked {
        std::uint64_t since = 0;
        std::map<std::string, std::uint32_t> locks;  // how often
    };
    using Place = std::pair<std::string, std::uint32_t>;  // a run's lane

    std::set<std::string> asking_for(const std::set<std::string>& locks) const;
    std::size_t before(const std::string& lock, const Place& place) const;

    std::map<std::string, std::map<std::string, Held>> held_;  // by lock and run
    std::map<Place, Asked> asked_;
    std::uint64_t next_ = 1;
};

}  // namespace xgrid::broker
