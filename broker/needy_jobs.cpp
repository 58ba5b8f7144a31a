#include "broker/needy_jobs.hpp"

#include <utility>

#include "broker/resources.hpp"
#include "shared/pattern.hpp"

namespace xgrid::broker {
namespace {

NeedyJobs::Order order_of(const UnitNeeds& needs) {
    return {needs.serial, -static_cast<std::int64_t>(needs.processors),
            -static_cast<std::int64_t>(needs.locks.size()), needs.locks};
}

}  // namespace

void NeedyJobs::name_unit(const std::string& unit, const UnitNeeds& said) {
    UnitNeeds needs = tidy(said);
    for (const NeedsRule& rule : *rules_) {
        if (is_match(rule.units, unit)) needs = united(std::move(needs), rule.needs);
    }
    if (needs != UnitNeeds{}) needs_.emplace(unit, std::move(needs));
}

const UnitNeeds* NeedyJobs::of(const std::string& unit) const {
    if (needs_.empty()) return nullptr;
    const auto found = needs_.find(unit);
    return found == needs_.end() ? nullptr : &found->second;
}

void NeedyJobs::wait(const Job& job) {
    Kind& kind = kinds_[order_of(*job.needs)];
    kind.needs = job.needs;
    kind.jobs.push_back(job.id);
    ++waiting_;
}

void NeedyJobs::wait_for(SlotKey slot, const Job& job) {
    of_slots_[slot].push_back(job.id);
    ++waiting_;
}

void NeedyJobs::erase(const Job& job) {
    if (const auto kind = kinds_.find(order_of(*job.needs)); kind != kinds_.end()) {
        std::deque<std::uint64_t>& jobs = kind->second.jobs;
        const bool is_first = jobs.front() == job.id;
        if (is_first) jobs.pop_front();
        const std::size_t erased = is_first ? 1 : std::erase(jobs, job.id);
        waiting_ -= erased;
        if (jobs.empty()) kinds_.erase(kind);
        if (erased > 0) return;
    }
    for (auto slot = of_slots_.begin(); slot != of_slots_.end(); ++slot) {
        if (std::erase(slot->second, job.id) == 0) continue;
        --waiting_;
        if (slot->second.empty()) of_slots_.erase(slot);
        return;
    }
}

std::vector<SlotKey> NeedyJobs::awaited() const {
    std::vector<SlotKey> slots;
    for (const auto& [slot, jobs] : of_slots_) slots.push_back(slot);
    return slots;
}

std::vector<std::uint64_t> NeedyJobs::take_of(SlotKey slot) {
    const auto found = of_slots_.find(slot);
    if (found == of_slots_.end()) return {};
    const std::vector<std::uint64_t> jobs(found->second.begin(), found->second.end());
    waiting_ -= jobs.size();
    of_slots_.erase(found);
    return jobs;
}

std::vector<std::uint64_t> NeedyJobs::take_all() {
    std::vector<std::uint64_t> jobs;
    for (const auto& [order, kind] : kinds_) {
        jobs.insert(jobs.end(), kind.jobs.begin(), kind.jobs.end());
    }
    for (const auto& [slot, waiting] : of_slots_) {
        jobs.insert(jobs.end(), waiting.begin(), waiting.end());
    }
    kinds_.clear();
    of_slots_.clear();
    waiting_ = 0;
    return jobs;
}

}  // namespace xgrid::broker
