#include "broker/workers.hpp"

#include <algorithm>

namespace xgrid::broker {

Worker* Workers::hear(Instant now, const std::string& peer, const Status& status, WorkerKey& key) {
    const auto [known, is_new] = by_session_.try_emplace(status.session, next_);
    key = known->second;
    if (is_new) {
        ++next_;
        workers_.emplace(key, Worker{.session = status.session, .heard_at = now});
        by_heard_.emplace(now, key);
        plan_orders(key, now);
    }
    Worker& worker = at(key);
    if (status.number <= worker.last_status) return nullptr;
    worker.last_status = status.number;
    worker.peer = peer;
    worker.host = status.host;
    by_heard_.erase({worker.heard_at, key});
    worker.heard_at = now;
    by_heard_.emplace(now, key);
    reindex(key, status.slots, worker.used);
    return &worker;
}

std::uint32_t Workers::free_of(const Worker& worker) const {
    return worker.slots - std::min(worker.slots, worker.used);
}

void Workers::reindex(WorkerKey key, std::uint32_t slots, std::uint32_t used) {
    Worker& worker = at(key);
    by_free_.erase({-static_cast<std::int64_t>(free_of(worker)), key});
    free_slots_ -= free_of(worker);
    worker.slots = slots;
    worker.used = used;
    free_slots_ += free_of(worker);
    if (free_of(worker) > 0) by_free_.emplace(-static_cast<std::int64_t>(free_of(worker)), key);
}

std::optional<WorkerKey> Workers::freest() const {
    if (by_free_.empty()) return std::nullopt;
    return by_free_.begin()->second;
}

void Workers::take_slots(WorkerKey key, std::uint32_t used) { reindex(key, at(key).slots, used); }

void Workers::plan_orders(WorkerKey key, Instant due) {
    Worker& worker = at(key);
    if (worker.orders_due != never) by_due_.erase({worker.orders_due, key});
    worker.orders_due = due;
    if (due != never) by_due_.emplace(due, key);
}

std::vector<WorkerKey> Workers::due(Instant now) const {
    std::vector<WorkerKey> keys;
    for (const auto& [when, key] : by_due_) {
        if (when > now) break;
        keys.push_back(key);
    }
    return keys;
}

std::vector<WorkerKey> Workers::silent(Instant now, Duration lease) const {
    std::vector<WorkerKey> keys;
    for (const auto& [heard, key] : by_heard_) {
        if (heard + lease > now) break;
        keys.push_back(key);
    }
    return keys;
}

void Workers::remove(WorkerKey key) {
    plan_orders(key, never);
    reindex(key, 0, 0);
    by_heard_.erase({at(key).heard_at, key});
    by_session_.erase(at(key).session);
    workers_.erase(key);
}

Instant Workers::next_deadline(Duration lease) const {
    Instant next = by_due_.empty() ? never : by_due_.begin()->first;
    if (!by_heard_.empty()) next = std::min(next, by_heard_.begin()->first + lease);
    return next;
}

}  // namespace xgrid::broker
