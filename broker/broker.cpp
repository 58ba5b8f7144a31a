#include "broker/broker.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/ensure.hpp"

namespace xgrid::broker {
namespace {

// A slot of a worker that has these labels would do for it.
bool fits(const Submission& run, const Labels& labels) {
    const std::vector<Environment>& all = run.lanes().front()->environments();
    return std::ranges::any_of(all, [&](const Environment& environment) {
        return std::ranges::includes(labels, environment.labels);
    });
}

// It, or its part in one environment, has no slot.
bool starves(const Submission& run) {
    return std::ranges::any_of(run.lanes(), [](const auto& lane) {
        return lane->live_slots() == 0 && lane->slots_wanted() > 0;
    });
}

}  // namespace

Broker::Broker(std::string token, Settings settings)
    : token_(std::move(token)), settings_(std::move(settings)) {}

const Submission* Broker::find(const std::string& id) const {
    const auto found = runs_.find(id);
    return found == runs_.end() ? nullptr : &found->second->run;
}

const Run* Broker::find_run(const std::string& id, std::uint32_t environment) const {
    const Submission* run = find(id);
    return run == nullptr ? nullptr : run->lanes().at(environment).get();
}

Effects Broker::connect(Instant, const PeerId& from) {
    return {.send = {{from, Welcome{token_, settings_.topics}}}};
}

Effects Broker::refuse(const PeerId& from, const std::string& why) {
    return {.send = {{from, Refusal{why}}}};
}

Effects Broker::receive(Instant now, const PeerId& from, const Message& message) {
    Effects effects;
    std::visit(
        [&](const auto& one) {
            if constexpr (requires { take(now, from, one, effects); }) {
                take(now, from, one, effects);
            } else {
                effects = refuse(from, "this is a broker: it takes submissions and statuses");
            }
        },
        message);
    return settle(now, std::move(effects));
}

// ---- Clients

void Broker::hear_client(Instant now, const PeerId& from, Entry& entry) {
    if (entry.client != from) entry.run.events().rewind();
    entry.client = from;
    entry.client_heard_at = now;
    touch(entry);
}

void Broker::take(Instant now, const PeerId& from, const Submit& message, Effects&) {
    if (is_told(message.run)) return;  // an echo, which must not start it again
    auto& entry = runs_[message.run];
    if (!entry) {
        entry =
            std::make_unique<Entry>(message.run, message.spec, message.done, next_job_, settings_);
        entry->epoch = message.epoch;
        for (const EnvironmentEnded& ended : message.ended) entry->run.end_environment(now, ended);
    }
    hear_client(now, from, *entry);
}

void Broker::take(Instant now, const PeerId& from, const Follow& message, Effects& effects) {
    const auto found = runs_.find(message.run);
    if (found == runs_.end()) {
        effects.send.push_back({from, UnknownRun{message.run, message.epoch}});
        return;
    }
    Entry& entry = *found->second;
    if (message.epoch < entry.epoch) return;  // an echo: it counts events of an older log
    hear_client(now, from, entry);
    entry.run.lack(now, message.lacking);
    entry.run.settle(now);
    entry.run.events().record(message.have);
    // Heard twice without any progress: what was sent in between is lost.
    if (message.have == entry.client_had) entry.run.events().rewind();
    entry.client_had = message.have;
    // Also without news it hears that we are here.
    if (entry.run.events().all_sent()) {
        effects.send.push_back({from, Progress{message.run, entry.run.events().size()}});
    }
    if (entry.run.over() && entry.run.events().all_recorded()) {
        remember_told(now, message.run);
        forget(message.run);
    }
}

void Broker::take(Instant now, const PeerId& from, const Cancel& message, Effects&) {
    const auto found = runs_.find(message.run);
    if (found == runs_.end()) return;  // the follow that goes with it is answered
    hear_client(now, from, *found->second);
    found->second->run.cancel(now);
}

void Broker::forget(const std::string& run) {
    by_due_.erase({runs_.at(run)->due, run});
    hungry_.erase(run);
    touched_.erase(run);
    announcements_.forget(run);
    runs_.erase(run);
}

void Broker::remember_told(Instant now, const std::string& run) {
    while (!told_.empty() && told_.front().first + settings_.client_lease < now) told_.pop_front();
    told_.emplace_back(now, run);
}

bool Broker::is_told(const std::string& run) const {
    return std::ranges::any_of(told_, [&](const auto& entry) { return entry.second == run; });
}

// ---- Workers

void Broker::take(Instant now, const PeerId& from, const Status& message, Effects&) {
    WorkerKey key = 0;
    Worker* worker = workers_.hear(now, from, message, key);
    if (worker == nullptr) return;
    worker->runs = {message.runs.begin(), message.runs.end()};
    worker->shown.clear();
    worker->heard.clear();
    worker->follows = message.broker == token_;
    // Facts of another broker's attempts mean nothing here: its orders will tell it.
    if (!worker->follows) {
        workers_.plan_orders(key, now);
        return;
    }
    worker->heard = message.heard;
    hear_acknowledged(now, key);
    std::vector<const AttemptStatus*> news;
    for (const AttemptStatus& attempt : message.attempts) {
        worker->shown.insert(attempt.id);
        if (!attempt.facts.empty()) news.push_back(&attempt);
    }
    // The end of one job may make the facts of the next one of its slot due.
    bool again = !news.empty();
    while (again) {
        again = false;
        for (const AttemptStatus* attempt : news) again = record(now, key, *attempt) || again;
    }
    if (!news.empty() && worker->orders_due > now + settings_.receipt_delay) {
        workers_.plan_orders(key, now + settings_.receipt_delay);
    }
}

// True if there was news in it.
bool Broker::record(Instant now, WorkerKey key, const AttemptStatus& attempt) {
    for (const auto& [id, used] : used_[key]) {
        Entry& entry = *runs_.at(id);
        Run* lane = entry.run.lane_of(attempt.id.job);
        if (lane == nullptr) continue;
        const Job* job = lane->find(attempt.id.job);
        const bool is_there = job->attempt && job->attempt->number == attempt.id.number &&
                              lane->slots_on(key).contains(job->attempt->slot);
        if (!is_there) return false;
        const std::size_t old =
            already_recorded(job->attempt->recorded, attempt.first, attempt.facts.size());
        std::size_t i = old;
        for (; i < attempt.facts.size() && lane->is_due(attempt.id, attempt.facts[i]); ++i) {
            entry.run.record(now, *lane, attempt.id, attempt.facts[i], workers_.at(key).host);
        }
        touch(entry);
        return i > old;
    }
    return false;
}

void Broker::lose_worker(Instant now, WorkerKey key, const std::string& why) {
    const std::map<std::string, std::uint32_t> present = used_[key];
    for (const auto& [id, used] : present) {
        runs_.at(id)->run.lose_worker(now, key, why);
        touch(*runs_.at(id));
    }
    // Its slots are settled with it still there; then it goes.
    for (const std::string& id : std::set<std::string>(touched_)) absorb(now, *runs_.at(id));
    used_.erase(key);
    workers_.remove(key);
}

Effects Broker::drop(Instant now, const PeerId& peer) {
    for (const auto& [key, worker] : workers_.all()) {
        if (worker.peer != peer) continue;
        lose_worker(now, key, "lost: " + worker.host + " may not work here any more");
        break;
    }
    return settle(now, {});
}

// ---- After each step

Effects Broker::advance(Instant now) {
    for (const WorkerKey key : workers_.silent(now, settings_.worker_lease)) {
        lose_worker(now, key,
                    fmt::format("lost: nothing was heard of {} for {} s", workers_.at(key).host,
                                settings_.worker_lease / std::chrono::seconds(1)));
    }
    while (!by_due_.empty() && by_due_.begin()->first <= now) {
        Entry& entry = *runs_.at(by_due_.begin()->second);
        by_due_.erase(by_due_.begin());
        entry.due = never;
        if (entry.client_heard_at + settings_.client_lease <= now) {
            if (entry.run.over()) {
                forget(std::string(entry.run.id()));
                continue;
            }
            entry.run.cancel(now);
        }
        entry.run.advance(now);
        touch(entry);
    }
    return settle(now, {});
}

Instant Broker::next_deadline() const {
    const Instant due = by_due_.empty() ? never : by_due_.begin()->first;
    return std::min(due, workers_.next_deadline(settings_.worker_lease));
}

// Slots that were freed go to whoever wants them, until nothing changes; then everyone hears.
Effects Broker::settle(Instant now, Effects effects) {
    std::set<std::string> settled;
    do {
        const std::set<std::string> touched = std::exchange(touched_, {});
        for (const std::string& id : touched) absorb(now, *runs_.at(id));
        give_places(now);
        for (const std::string& id : touched) {
            Entry& entry = *runs_.at(id);
            for (const auto& lane : entry.run.lanes()) lane->schedule(now, places_for(*lane));
            absorb(now, entry);
            // It has found out only now that it could use one more.
            if (hungry_.contains(id) && place_for(entry.run)) touch(entry);
        }
        settled.insert(touched.begin(), touched.end());
    } while (!touched_.empty());
    for (const std::string& id : settled) {
        Entry& entry = *runs_.at(id);
        send_events(entry, effects);
        if (entry.due != never) by_due_.erase({entry.due, id});
        const Instant lease_end = entry.client_heard_at + settings_.client_lease;
        entry.due = std::max(std::min(entry.run.next_deadline(), lease_end), now + Duration(1));
        by_due_.emplace(entry.due, id);
    }
    for (const WorkerKey key : workers_.due(now)) send_orders(now, key, effects);
    return effects;
}

// The first environment that has both a wish and a free slot; of lanes, in the one with the fewest.
std::optional<Broker::Spot> Broker::place_for(const Submission& run) const {
    std::optional<Spot> best;
    for (const auto& lane : run.lanes()) {
        if (best && best->lane->live_slots() <= lane->live_slots()) continue;
        for (std::uint32_t i = 0; i < lane->environments().size(); ++i) {
            if (lane->slots_wanted_in(i) == 0) continue;
            const auto place = workers_.freest(lane->environments()[i].labels);
            if (!place) continue;
            best = Spot{lane.get(), *place, i};
            break;
        }
    }
    return best;
}

// How many slots it could start now.
std::size_t Broker::places_for(const Run& run) const {
    std::size_t places = 0;
    for (std::uint32_t i = 0; i < run.environments().size(); ++i) {
        places += std::min<std::size_t>(run.room_in(i),
                                        workers_.free_slots(run.environments()[i].labels));
    }
    return std::min(places, workers_.free_slots());
}

void Broker::give_places(Instant now) {
    std::set<std::string> hungry = hungry_;
    while (!hungry.empty()) {
        // The run with the fewest slots goes first.
        Entry* poorest = nullptr;
        for (const std::string& id : hungry) {
            Entry& entry = *runs_.at(id);
            if (poorest == nullptr || entry.run.live_slots() < poorest->run.live_slots()) {
                poorest = &entry;
            }
        }
        const std::optional<Spot> place = place_for(poorest->run);
        if (!place) {
            // Every run gets one slot at least, as far as there are slots.
            if (starves(poorest->run)) make_room_for(poorest->run);
            // Others may want what is no use to it.
            if (workers_.free_slots() == 0) return;
            hungry.erase(poorest->run.id());
            continue;
        }
        place->lane->add_slot(place->worker, place->environment);
        absorb(now, *poorest);
        place->lane->schedule(now, places_for(*place->lane));
        absorb(now, *poorest);
        touch(*poorest);
        if (!hungry_.contains(poorest->run.id())) hungry.erase(poorest->run.id());
    }
}

// The run that has most slots where that one could have one gives one up.
void Broker::make_room_for(const Submission& run) {
    Entry* richest = nullptr;
    for (auto& [id, entry] : runs_) {
        const bool more = richest == nullptr || entry->run.live_slots() > richest->run.live_slots();
        const bool helps = std::ranges::any_of(entry->run.lanes(), [&](const auto& lane) {
            return std::ranges::any_of(lane->slots(), [&](const auto& slot) {
                return fits(run, workers_.at(slot.second.worker).labels);
            });
        });
        if (more && helps) richest = entry.get();
    }
    if (richest != nullptr && &richest->run != &run && richest->run.retire_a_slot()) {
        touch(*richest);
    }
}

// Takes over what a run has changed: places used, orders to be sent, whether it wants more.
void Broker::absorb(Instant now, Entry& entry) {
    entry.run.settle(now);
    for (const WorkerKey key : entry.run.take_changed()) {
        std::map<std::string, std::uint32_t>& used = used_[key];
        const auto count = static_cast<std::uint32_t>(entry.run.slots_on(key));
        if (count > 0) {
            used[entry.run.id()] = count;
        } else {
            used.erase(entry.run.id());
        }
        std::uint32_t total = 0;
        for (const auto& [id, slots] : used) total += slots;
        workers_.take_slots(key, total);
        workers_.plan_orders(key, now);
    }
    if (entry.run.slots_wanted() > 0) {
        hungry_.insert(entry.run.id());
    } else {
        hungry_.erase(entry.run.id());
    }
}

void Broker::send_events(Entry& entry, Effects& effects) {
    while (!entry.run.events().all_sent()) {
        const std::uint64_t first = entry.run.events().sent();
        effects.send.push_back(
            {entry.client, Progress{entry.run.id(), first, entry.run.events().next(batch_bytes)}});
    }
}

}  // namespace xgrid::broker
