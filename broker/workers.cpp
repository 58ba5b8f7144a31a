#include "broker/workers.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace xgrid::broker {

bool takes_new(const Worker& worker) {
    return !worker.drains && worker.trouble.empty() && worker.suspended.empty();
}

bool has_left(const Worker& worker) { return worker.drains && worker.slots == 0; }

bool does_for(const Worker& worker, const Labels& wanted) {
    const auto name = wanted.find(name_label);
    if (name == wanted.end()) return has_all(worker.labels, wanted);
    Labels others = wanted;
    others.erase(name_label);
    return worker.called == name->second && has_all(worker.labels, others);
}

std::string trouble_of(const Worker& worker) {
    return worker.trouble.empty() ? worker.suspended : worker.trouble;
}

template <class Change>
void Workers::change(WorkerKey key, const Change& change) {
    unlist(key);
    change(at(key));
    list(key);
}

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
    worker.version = status.version;
    call(key, status.name.empty() ? status.host : status.name);
    by_heard_.erase({worker.heard_at, key});
    worker.heard_at = now;
    by_heard_.emplace(now, key);
    const bool same = worker.labels == status.labels && worker.slots == status.slots &&
                      worker.trouble == status.trouble && worker.drains == status.drains;
    if (same) return &worker;
    change(key, [&](Worker& changed) {
        changed.labels = status.labels;
        changed.slots = status.slots;
        changed.trouble = status.trouble;
        changed.drains = status.drains;
    });
    return &worker;
}

void Workers::restore(Instant now, WorkerKey key, const std::string& session,
                      const std::string& host, const std::string& name) {
    by_session_[session] = key;
    workers_.emplace(key, Worker{.session = session, .host = host, .heard_at = now});
    by_heard_.emplace(now, key);
    call(key, name.empty() ? host : name);
    plan_orders(key, now);
    next_ = std::max(next_, key + 1);
}

// ---- Names

const std::set<WorkerKey>& Workers::called(const std::string& name) const {
    static const std::set<WorkerKey> none;
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? none : found->second;
}

void Workers::call(WorkerKey key, const std::string& name) {
    Worker& worker = at(key);
    if (worker.called == name) return;
    const std::string before = std::exchange(worker.called, name);
    if (const auto found = by_name_.find(before); found != by_name_.end()) {
        found->second.erase(key);
        tell_apart(before);
        if (found->second.empty()) by_name_.erase(found);
    }
    worker.name = name;
    if (name.empty()) return;
    std::set<WorkerKey>& alike = by_name_[name];
    alike.insert(key);
    if (alike.size() == 1) return;
    if (*alike.rbegin() == key) {
        worker.name = fmt::format("{}-{}", name, alike.size());
    } else {
        tell_apart(name);
    }
}

// The one that has been there for longest has the name alone.
void Workers::tell_apart(const std::string& name) {
    std::size_t number = 0;
    for (const WorkerKey key : called(name)) {
        at(key).name = ++number == 1 ? name : fmt::format("{}-{}", name, number);
    }
}

// ---- Slots

std::uint32_t Workers::free_of(const Worker& worker) {
    return takes_new(worker) ? worker.slots - std::min(worker.slots, worker.used) : 0;
}

void Workers::unlist(WorkerKey key) {
    const Worker& worker = at(key);
    const std::uint32_t free = free_of(worker);
    if (free == 0) return;
    const auto kind = kinds_.find(worker.labels);
    kind->second.by_free.erase({-static_cast<std::int64_t>(free), key});
    kind->second.free_slots -= free;
    free_slots_ -= free;
    if (kind->second.by_free.empty()) kinds_.erase(kind);
}

void Workers::list(WorkerKey key) {
    const Worker& worker = at(key);
    const std::uint32_t free = free_of(worker);
    if (free == 0) return;
    Kind& kind = kinds_[worker.labels];
    kind.by_free.emplace(-static_cast<std::int64_t>(free), key);
    kind.free_slots += free;
    free_slots_ += free;
}

std::optional<WorkerKey> Workers::freest(const Labels& labels,
                                         std::optional<WorkerKey> without) const {
    std::optional<std::pair<std::int64_t, WorkerKey>> best;
    const auto consider = [&](const std::pair<std::int64_t, WorkerKey>& one) {
        if (one.second != without && (!best || one < *best)) best = one;
    };
    if (const auto name = labels.find(name_label); name != labels.end()) {
        for (const WorkerKey key : called(name->second)) {
            const Worker& worker = workers_.at(key);
            const std::uint32_t free = free_of(worker);
            if (free > 0 && does_for(worker, labels)) {
                consider({-static_cast<std::int64_t>(free), key});
            }
        }
    } else {
        for (const auto& [kind, workers] : kinds_) {
            if (!has_all(kind, labels)) continue;
            const auto first = workers.by_free.begin();
            consider(*first);
            const auto second = std::next(first);
            if (first->second == without && second != workers.by_free.end()) consider(*second);
        }
    }
    return best ? std::optional(best->second) : std::nullopt;
}

std::size_t Workers::free_slots(const Labels& labels) const {
    if (labels.empty()) return free_slots_;
    std::size_t free = 0;
    if (const auto name = labels.find(name_label); name != labels.end()) {
        for (const WorkerKey key : called(name->second)) {
            if (does_for(workers_.at(key), labels)) free += free_of(workers_.at(key));
        }
        return free;
    }
    for (const auto& [kind, workers] : kinds_) {
        if (has_all(kind, labels)) free += workers.free_slots;
    }
    return free;
}

std::size_t Workers::free_slots_beside(WorkerKey worker, const Labels& labels) const {
    const std::size_t free = free_slots(labels);
    const auto found = workers_.find(worker);
    if (found == workers_.end() || !does_for(found->second, labels)) return free;
    return free - std::min<std::size_t>(free, free_of(found->second));
}

void Workers::take_slots(WorkerKey key, std::uint32_t used) {
    change(key, [&](Worker& worker) { worker.used = used; });
}

void Workers::suspend(WorkerKey key, Instant until, const std::string& why) {
    change(key, [&](Worker& worker) {
        if (!worker.suspended.empty()) by_suspended_.erase({worker.suspended_until, key});
        worker.suspended_until = until;
        worker.suspended = why;
        by_suspended_.emplace(until, key);
    });
}

void Workers::end_suspensions(Instant now) {
    while (!by_suspended_.empty() && by_suspended_.begin()->first <= now) {
        const WorkerKey key = by_suspended_.begin()->second;
        by_suspended_.erase(by_suspended_.begin());
        change(key, [](Worker& worker) { worker.suspended.clear(); });
    }
}

// ---- When

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
    unlist(key);
    call(key, "");
    by_suspended_.erase({at(key).suspended_until, key});
    by_heard_.erase({at(key).heard_at, key});
    by_session_.erase(at(key).session);
    workers_.erase(key);
}

Instant Workers::next_deadline(Duration lease) const {
    Instant next = by_due_.empty() ? never : by_due_.begin()->first;
    if (!by_heard_.empty()) next = std::min(next, by_heard_.begin()->first + lease);
    if (!by_suspended_.empty()) next = std::min(next, by_suspended_.begin()->first);
    return next;
}

}  // namespace xgrid::broker
