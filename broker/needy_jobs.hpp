// Jobs of units that need more than a slot: what each unit needs, and the jobs that wait, those
// first that are the hardest to place. Knows nothing of slots but their keys, and not what is free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "broker/job.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

class NeedyJobs {
public:
    /// Those of a kind need the same, and are alike but for their order. Kinds that run alone come
    /// last; before that, those with more processors come first, and then those with more locks.
    struct Kind {
        const UnitNeeds* needs = nullptr;
        std::deque<std::uint64_t> jobs;
    };
    using Order = std::tuple<bool, std::int64_t, std::int64_t, std::vector<std::string>>;
    using Kinds = std::map<Order, Kind>;

    explicit NeedyJobs(const std::vector<NeedsRule>& rules) : rules_(&rules) {}

    /// Its framework says that the unit needs that.
    void name_unit(const std::string& unit, const UnitNeeds& said);
    /// nullptr: a slot, and nothing else. What it points to stays.
    const UnitNeeds* of(const std::string& unit) const;

    bool empty() const { return waiting_ == 0; }
    std::size_t waiting() const { return waiting_; }
    void wait(const Job& job);
    /// It can be in that slot only.
    void wait_for(SlotKey slot, const Job& job);
    void erase(const Job& job);
    /// Those that can be in any slot; none is empty.
    const Kinds& kinds() const { return kinds_; }
    const std::map<SlotKey, std::deque<std::uint64_t>>& of_slots() const { return of_slots_; }
    /// Slots that jobs wait for.
    std::vector<SlotKey> awaited() const;
    /// They wait no more.
    std::vector<std::uint64_t> take_of(SlotKey slot);
    std::vector<std::uint64_t> take_all();

private:
    const std::vector<NeedsRule>* rules_;
    std::map<std::string, UnitNeeds> needs_;  // of units that need anything
    Kinds kinds_;
    std::map<SlotKey, std::deque<std::uint64_t>> of_slots_;
    std::size_t waiting_ = 0;
};

}  // namespace xgrid::broker
