#include "broker/workers.hpp"

#include <algorithm>

namespace xgrid::broker {
namespace {

bool has_all(const Labels& labels, const Labels& wanted) {
    return std::ranges::includes(labels, wanted);
}

}  // namespace

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
    if (worker.peer.empty()) plan_orders(key, now);  // not heard in this life yet
    worker.peer = peer;
    worker.host = status.host;
    worker.name = status.name.empty() ? status.host : status.name;
    worker.version = status.version;
    worker.trouble = status.trouble;
    worker.drains = status.drains;
    if (worker.labels != status.labels) {
        const std::uint32_t used = worker.used;
        reindex(key, 0, 0);
        worker.labels = status.labels;
        worker.used = used;
    }
    by_heard_.erase({worker.heard_at, key});
    worker.heard_at = now;
    by_heard_.emplace(now, key);
    reindex(key, status.slots, worker.used);
    return &worker;
}

void Workers::restore(Instant now, WorkerKey key, const std::string& session,
                      const std::string& host) {
    by_session_[session] = key;
    workers_.emplace(key, Worker{.session = session, .host = host, .heard_at = now});
    by_heard_.emplace(now, key);
    plan_orders(key, now);
    next_ = std::max(next_, key + 1);
}

std::uint32_t Workers::free_of(const Worker& worker) const {
    return worker.slots - std::min(worker.slots, worker.used);
}

void Workers::reindex(WorkerKey key, std::uint32_t slots, std::uint32_t used) {
    Worker& worker = at(key);
    Kind& kind = kinds_[worker.labels];
    kind.by_free.erase({-static_cast<std::int64_t>(free_of(worker)), key});
    kind.free_slots -= free_of(worker);
    free_slots_ -= free_of(worker);
    worker.slots = slots;
    worker.used = used;
    if (const std::uint32_t free = free_of(worker); free > 0) {
        kind.by_free.emplace(-static_cast<std::int64_t>(free), key);
        kind.free_slots += free;
        free_slots_ += free;
    }
    if (kind.by_free.empty()) kinds_.erase(worker.labels);
}

std::optional<WorkerKey> Workers::freest(const Labels& labels) const {
    std::optional<std::pair<std::int64_t, WorkerKey>> best;
    for (const auto& [kind, workers] : kinds_) {
        if (!has_all(kind, labels)) continue;
        if (!best || *workers.by_free.begin() < *best) best = *workers.by_free.begin();
    }
    return best ? std::optional(best->second) : std::nullopt;
}

std::size_t Workers::free_slots(const Labels& labels) const {
    if (labels.empty()) return free_slots_;
    std::size_t free = 0;
    for (const auto& [kind, workers] : kinds_) {
        if (has_all(kind, labels)) free += workers.free_slots;
    }
    return free;
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
