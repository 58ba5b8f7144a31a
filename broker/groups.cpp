#include "broker/groups.hpp"

#include <utility>

namespace xgrid::broker {

void Groups::wait(const std::string& group, std::uint64_t job) {
    Group& of = groups_[group];
    of.waiting.push_back(job);
    if (of.slot) {
        with_work_[*of.slot].insert(group);
    } else if (of.waiting.size() == 1) {
        free_.push_back(group);
    }
}

std::optional<std::uint64_t> Groups::next(SlotKey slot) {
    if (const auto own = next_of_own(slot)) return own;
    if (free_.empty()) return std::nullopt;
    const std::string group = std::move(free_.front());
    free_.pop_front();
    groups_.at(group).slot = slot;
    groups_of_slots_[slot].insert(group);
    with_work_[slot].insert(group);
    return next_of_own(slot);
}

std::optional<std::uint64_t> Groups::next_of_own(SlotKey slot) {
    const auto found = with_work_.find(slot);
    if (found == with_work_.end()) return std::nullopt;
    const std::string group = *found->second.begin();
    std::deque<std::uint64_t>& waiting = groups_.at(group).waiting;
    const std::uint64_t job = waiting.front();
    waiting.pop_front();
    if (waiting.empty()) found->second.erase(group);
    if (found->second.empty()) with_work_.erase(found);
    return job;
}

void Groups::lose(SlotKey slot) {
    with_work_.erase(slot);
    const auto found = groups_of_slots_.find(slot);
    if (found == groups_of_slots_.end()) return;
    for (const std::string& group : found->second) {
        groups_.at(group).slot.reset();
        if (!groups_.at(group).waiting.empty()) free_.push_back(group);
    }
    groups_of_slots_.erase(found);
}

std::vector<SlotKey> Groups::awaited() const {
    std::vector<SlotKey> slots;
    for (const auto& [slot, groups] : with_work_) slots.push_back(slot);
    return slots;
}

std::vector<std::uint64_t> Groups::waiting() const {
    std::vector<std::uint64_t> jobs;
    for (const auto& [name, group] : groups_) {
        jobs.insert(jobs.end(), group.waiting.begin(), group.waiting.end());
    }
    return jobs;
}

std::vector<std::uint64_t> Groups::take_all() {
    std::vector<std::uint64_t> jobs = waiting();
    for (auto& [name, group] : groups_) group.waiting.clear();
    free_.clear();
    with_work_.clear();
    return jobs;
}

}  // namespace xgrid::broker
