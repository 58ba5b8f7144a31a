#include "broker/resources.hpp"

#include <algorithm>
#include <utility>

#include "shared/ensure.hpp"

namespace xgrid::broker {
namespace {

std::uint32_t count_of(const LockCounts& counts, const std::string& lock) {
    const auto found = counts.find(lock);
    return found == counts.end() ? 0 : found->second;
}

}  // namespace

Resources::Resources(const std::map<std::string, Lock>& locks) : locks_(locks) {}

bool Resources::is_of_grid(const std::string& lock) const {
    const auto found = locks_.find(lock);
    return found != locks_.end() && found->second.of_grid;
}

std::uint32_t Resources::holders_of(const std::string& lock) const {
    const auto found = locks_.find(lock);
    return found == locks_.end() ? 1 : std::max(found->second.holders, 1U);
}

bool Resources::has_beside_grid(const UnitNeeds& needs) const {
    if (alone_ || (needs.serial && jobs_ > 0)) return false;
    return std::ranges::all_of(needs.locks, [&](const std::string& lock) {
        return is_of_grid(lock) || count_of(taken_, lock) < holders_of(lock);
    });
}

bool Resources::has(const UnitNeeds& needs) const {
    return has_beside_grid(needs) && busy(needs).empty();
}

std::vector<std::string> Resources::busy(const UnitNeeds& needs) const {
    std::vector<std::string> found;
    for (const std::string& lock : needs.locks) {
        const std::uint32_t most = is_of_grid(lock) ? count_of(granted_, lock) : holders_of(lock);
        if (count_of(taken_, lock) >= most) found.push_back(lock);
    }
    return found;
}

void Resources::take(const UnitNeeds& needs) {
    for (const std::string& lock : needs.locks) {
        const std::uint32_t most = is_of_grid(lock) ? count_of(granted_, lock) : holders_of(lock);
        ensure(++taken_[lock] <= most, "a lock has no more holders than it may have");
    }
}

void Resources::give_back(const UnitNeeds& needs) {
    for (const std::string& lock : needs.locks) {
        const auto taken = taken_.find(lock);
        ensure(taken != taken_.end(), "only a lock that is taken is given back");
        if (--taken->second == 0) taken_.erase(taken);
    }
    if (!granted_.empty()) drop_unused();
}

void Resources::grant(const std::string& lock) { ++granted_[lock]; }

void Resources::drop_unused() {
    for (auto& [lock, count] : granted_) count = count_of(taken_, lock);
    std::erase_if(granted_, [](const auto& entry) { return entry.second == 0; });
}

void Resources::begin_job(bool alone) {
    ensure(!alone || jobs_ == 0, "what runs alone begins when nothing runs");
    ++jobs_;
    alone_ = alone_ || alone;
}

void Resources::end_job(bool alone) {
    --jobs_;
    if (alone) alone_ = false;
}

UnitNeeds tidy(UnitNeeds needs) {
    needs.processors = std::max(needs.processors, 1U);
    std::ranges::sort(needs.locks);
    const auto again = std::ranges::unique(needs.locks);
    needs.locks.erase(again.begin(), again.end());
    return needs;
}

UnitNeeds united(UnitNeeds one, const UnitNeeds& other) {
    one.processors = std::max(one.processors, other.processors);
    one.locks.insert(one.locks.end(), other.locks.begin(), other.locks.end());
    one.serial = one.serial || other.serial;
    return tidy(std::move(one));
}

}  // namespace xgrid::broker
