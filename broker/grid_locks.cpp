#include "broker/grid_locks.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace xgrid::broker {

std::set<std::string> GridLocks::set(const std::string& run, const Resources& has) {
    std::set<std::string> freed;
    for (auto lock = held_.begin(); lock != held_.end();) {
        const auto held = lock->second.find(run);
        if (held != lock->second.end()) {
            const auto now = has.granted().find(lock->first);
            const std::uint32_t count = now == has.granted().end() ? 0 : now->second;
            if (count < held->second.count) freed.insert(lock->first);
            if (count == 0) lock->second.erase(held);
        }
        lock = lock->second.empty() ? held_.erase(lock) : std::next(lock);
    }
    bool has_more = false;
    for (const auto& [lock, count] : has.granted()) {
        Held& held = held_[lock][run];
        has_more = has_more || count > held.count;
        held = {count, has.holders_of(lock)};
    }
    // Who has got some comes after all others with the rest.
    if (has_more) {
        for (auto& [place, asked] : asked_) {
            if (place.first == run) asked.since = next_++;
        }
    }
    return asking_for(freed);
}

std::set<std::string> GridLocks::ask(const std::string& run, std::uint32_t lane,
                                     const Wishes& wishes) {
    std::map<std::string, std::uint32_t> locks;
    for (const auto& wish : wishes) {
        for (const std::string& lock : wish) ++locks[lock];
    }
    const auto [asked, is_new] = asked_.try_emplace({run, lane});
    std::set<std::string> dropped;
    for (const auto& [lock, count] : asked->second.locks) {
        const auto still = locks.find(lock);
        if (still == locks.end() || still->second < count) dropped.insert(lock);
    }
    if (is_new) asked->second.since = next_++;
    asked->second.locks = std::move(locks);
    if (asked->second.locks.empty()) asked_.erase(asked);
    return asking_for(dropped);
}

std::vector<std::string> GridLocks::available(const std::string& run, std::uint32_t lane,
                                              const Wishes& wishes, const Resources& its) const {
    std::vector<std::string> given;
    std::map<std::string, std::uint32_t> left;
    for (const auto& wish : wishes) {
        for (const std::string& lock : wish) {
            if (left.contains(lock)) continue;
            std::size_t most = its.holders_of(lock);
            std::size_t taken = before(lock, {run, lane});
            if (const auto held = held_.find(lock); held != held_.end()) {
                for (const auto& [holder, one] : held->second) {
                    most = std::min<std::size_t>(most, one.most);
                    taken += one.count;
                }
            }
            left[lock] = static_cast<std::uint32_t>(most - std::min(most, taken));
        }
        if (std::ranges::any_of(wish, [&](const auto& lock) { return left[lock] == 0; })) continue;
        for (const std::string& lock : wish) --left[lock];
        given.insert(given.end(), wish.begin(), wish.end());
    }
    return given;
}

std::set<std::string> GridLocks::forget(const std::string& run) {
    std::set<std::string> freed;
    for (auto& [lock, held] : held_) {
        if (held.erase(run) > 0) freed.insert(lock);
    }
    std::erase_if(held_, [](const auto& entry) { return entry.second.empty(); });
    std::erase_if(asked_, [&](const auto& entry) {
        if (entry.first.first != run) return false;
        for (const auto& [lock, count] : entry.second.locks) freed.insert(lock);
        return true;
    });
    return asking_for(freed);
}

std::map<std::string, std::uint32_t> GridLocks::holders(const std::string& lock) const {
    std::map<std::string, std::uint32_t> runs;
    const auto found = held_.find(lock);
    if (found == held_.end()) return runs;
    for (const auto& [run, held] : found->second) runs[run] = held.count;
    return runs;
}

std::set<std::string> GridLocks::asking_for(const std::set<std::string>& locks) const {
    std::set<std::string> runs;
    if (locks.empty()) return runs;
    for (const auto& [place, asked] : asked_) {
        const bool wants = std::ranges::any_of(
            asked.locks, [&](const auto& entry) { return locks.contains(entry.first); });
        if (wants) runs.insert(place.first);
    }
    return runs;
}

// How many have asked longer.
std::size_t GridLocks::before(const std::string& lock, const Place& place) const {
    const auto own = asked_.find(place);
    std::size_t count = 0;
    for (const auto& [other, asked] : asked_) {
        if (other == place || (own != asked_.end() && own->second.since < asked.since)) continue;
        const auto wanted = asked.locks.find(lock);
        if (wanted != asked.locks.end()) count += wanted->second;
    }
    return count;
}

}  // namespace xgrid::broker
