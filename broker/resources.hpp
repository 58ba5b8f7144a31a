// What a run's units take beside slots: locks, and the whole run. Shared by its lanes. Owns how
// much there is of each, and what is taken. Knows nothing of slots, and not who takes what.
//
// A lock of the grid is there only as far as it was granted for this run (broker/grid_locks.hpp);
// once nobody has what was granted, it is not there any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::broker {

/// Locks, in order, and how many units may have each at a time.
using LockCounts = std::map<std::string, std::uint32_t>;

class Resources {
public:
    explicit Resources(const std::map<std::string, Lock>& locks);

    /// Nothing keeps a unit with these needs from a slot; processors are not looked at.
    bool has(const UnitNeeds& needs) const;
    /// The same, but for locks of the grid that have still to be granted.
    bool has_beside_grid(const UnitNeeds& needs) const;
    bool is_of_grid(const std::string& lock) const;
    /// Those that it has, and that have no room for another unit.
    std::vector<std::string> busy(const UnitNeeds& needs) const;

    void take(const UnitNeeds& needs);
    void give_back(const UnitNeeds& needs);

    /// One more unit of this run may have that lock of the grid.
    void grant(const std::string& lock);
    /// Grants that no unit has taken are over.
    void drop_unused();
    /// Of the grid, with how many this run has; how many may have it at all is `holders_of`.
    const LockCounts& granted() const { return granted_; }
    std::uint32_t holders_of(const std::string& lock) const;

    /// A job is with a slot; `alone`: nothing else may be.
    void begin_job(bool alone);
    void end_job(bool alone);
    bool is_idle() const { return jobs_ == 0; }
    bool runs_alone() const { return alone_; }

private:
    std::map<std::string, Lock> locks_;  // that are not one for their run
    LockCounts taken_;                   // none is 0
    LockCounts granted_;                 // none is 0
    std::size_t jobs_ = 0;
    bool alone_ = false;
};

/// Each lock once, in order, and numbers that count.
UnitNeeds tidy(UnitNeeds needs);
/// What both say.
UnitNeeds united(UnitNeeds one, const UnitNeeds& other);

}  // namespace xgrid::broker
