// Jobs of tests that stay together: those of one group go to one slot, one after the other, and a
// group that no slot has goes to whichever is free. Knows nothing of what the jobs are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/job.hpp"

namespace xgrid::broker {

class Groups {
public:
    /// That job waits for the slot that has its group, or for any.
    void wait(const std::string& group, std::uint64_t job);
    /// The next for that slot: of a group that it has, or else of the first that none has, which it
    /// has from then on.
    std::optional<std::uint64_t> next(SlotKey slot);
    /// Only of those that it has.
    std::optional<std::uint64_t> next_of_own(SlotKey slot);
    /// The slot is gone: its groups are nobody's.
    void lose(SlotKey slot);
    /// Slots that jobs wait for.
    std::vector<SlotKey> awaited() const;
    /// How many groups wait for any slot.
    std::size_t free() const { return free_.size(); }
    /// All jobs that wait.
    std::vector<std::uint64_t> waiting() const;
    /// The same, which wait no more.
    std::vector<std::uint64_t> take_all();

private:
    struct Group {
        std::optional<SlotKey> slot;
        std::deque<std::uint64_t> waiting;
    };

    std::map<std::string, Group> groups_;
    std::deque<std::string> free_;                              // with jobs that wait
    std::map<SlotKey, std::set<std::string>> with_work_;        // groups of a slot, likewise
    std::map<SlotKey, std::set<std::string>> groups_of_slots_;  // all of them
};

}  // namespace xgrid::broker
