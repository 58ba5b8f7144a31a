// Which run gets a free slot, and who gives one up for it.
#include <algorithm>
#include <utility>

#include "broker/broker.hpp"

namespace xgrid::broker {
namespace {

// All slots of the runs that may give some up are looked at: not more often than that.
constexpr Duration room_pause = std::chrono::milliseconds(50);

}  // namespace

// Where a unit waits for more slots beside those that are there.
std::optional<Broker::Spot> Broker::awaited_place(const Submission& run) const {
    for (std::uint32_t place = 0; place < run.lanes().size(); ++place) {
        const Run& lane = *run.lanes()[place];
        if (lane.wanted_there() == 0) continue;
        const WorkerKey key = lane.kept().awaited()->worker;
        const Worker& worker = workers_.all().at(key);
        if (!takes_new(worker) || worker.used >= worker.slots) continue;
        for (std::uint32_t i = 0; i < lane.environments().size(); ++i) {
            const bool fits = does_for(worker, lane.environments()[i].labels);
            if (fits && lane.room_in(i) > 0) return Spot{place, key, i};
        }
    }
    return std::nullopt;
}

// How many more it can have there.
std::size_t Broker::places_there(const Entry& entry, const Run& lane) const {
    if (lane.wanted_there() == 0) return 0;
    const Worker& worker = workers_.all().at(lane.kept().awaited()->worker);
    if (!takes_new(worker)) return 0;
    std::size_t room = 0;
    for (std::uint32_t i = 0; i < lane.environments().size(); ++i) {
        if (does_for(worker, lane.environments()[i].labels)) room += lane.room_in(i);
    }
    const std::size_t free = worker.slots - std::min(worker.used, worker.slots);
    return std::min({room, free, shares_.room_for(entry.order.user)});
}

// How many more it can have on other workers than the one where a test has failed.
std::size_t Broker::places_elsewhere(const Entry& entry, const Run& lane) const {
    if (!lane.avoided()) return 0;
    std::size_t places = 0;
    for (std::uint32_t i = 0; i < lane.environments().size(); ++i) {
        const std::size_t free =
            workers_.free_slots_beside(*lane.avoided(), lane.environments()[i].labels);
        places += std::min<std::size_t>(lane.room_in(i), free);
    }
    return std::min(places, shares_.room_for(entry.order.user));
}

// The first environment of the lane that has both a wish and a free slot, not on that worker.
std::optional<Broker::Spot> Broker::place_in(const Run& lane, std::uint32_t place,
                                             std::optional<WorkerKey> without) const {
    for (std::uint32_t i = 0; i < lane.environments().size(); ++i) {
        if (lane.slots_wanted_in(i) == 0) continue;
        const auto worker = workers_.freest(lane.environments()[i].labels, without);
        if (worker) return Spot{place, *worker, i};
    }
    return std::nullopt;
}

// The first environment that has both a wish and a free slot; of lanes, in the one with the fewest.
std::optional<Broker::Spot> Broker::place_for(const Submission& run) const {
    std::optional<Spot> best = awaited_place(run);
    if (best) return best;
    for (std::uint32_t place = 0; place < run.lanes().size(); ++place) {
        const Run& lane = *run.lanes()[place];
        if (best && run.lanes()[best->lane]->live_slots() <= lane.live_slots()) continue;
        std::optional<Spot> found;
        if (lane.avoided()) found = place_in(lane, place, lane.avoided());
        if (!found) found = place_in(lane, place, std::nullopt);
        if (found) best = found;
    }
    return best;
}

bool Broker::may_have_more(const Entry& entry) const {
    if (entry.run.slots_wanted() == 0 || shares_.room_for(entry.order.user) == 0) return false;
    return place_for(entry.run).has_value();
}

// How many slots it could start now.
std::size_t Broker::places_for(const Entry& entry, const Run& lane) const {
    std::size_t places = 0;
    for (std::uint32_t i = 0; i < lane.environments().size(); ++i) {
        places += std::min<std::size_t>(lane.room_in(i),
                                        workers_.free_slots(lane.environments()[i].labels));
    }
    return std::min({places, workers_.free_slots(), shares_.room_for(entry.order.user)});
}

void Broker::give_places(Instant now) {
    // Those that no free slot is of use to; others may have a use for it.
    std::set<std::string> without;
    while (workers_.free_slots() > 0) {
        const std::optional<std::string> next = shares_.next(without);
        if (!next) break;
        Entry& entry = *runs_.at(*next);
        const std::optional<Spot> place = place_for(entry.run);
        if (!place) {
            without.insert(*next);
            continue;
        }
        remember_worker(entry, place->worker);
        const std::uint32_t size = workers_.at(place->worker).slots;
        perform(now, entry, SlotGiven{place->lane, place->worker, place->environment, size});
        measure_slot(now, entry);
        absorb(now, entry);
        schedule(now, entry, place->lane);
        absorb(now, entry);
        touch(entry);
    }
    make_room(now);
}

// With locks of the grid that are to be had, and that it has a use for at once.
void Broker::schedule(Instant now, Entry& entry, std::uint32_t place) {
    const Run& lane = *entry.run.lanes()[place];
    const std::string& id = entry.run.id();
    const bool has_locks = entry.run.has_grid_locks();
    if (has_locks) {
        const GridLocks::Wishes wishes = lane.lock_wishes();
        std::vector<std::string> locks =
            grid_locks_.available(id, place, wishes, entry.run.resources());
        if (!locks.empty()) perform(now, entry, LocksGiven{place, std::move(locks)});
    }
    const std::uint64_t places = places_for(entry, lane);
    perform(now, entry,
            Scheduled{.lane = place,
                      .places = places,
                      .there = places_there(entry, lane),
                      .elsewhere = places_elsewhere(entry, lane)});
    if (!has_locks) return;
    touch(grid_locks_.set(id, entry.run.resources()));  // before another lane asks
    touch(grid_locks_.ask(id, place, lane.lock_wishes()));
}

void Broker::make_room(Instant now) {
    if (!shares_.is_contended()) {
        room_due_ = never;
        return;
    }
    if (now < room_at_ + room_pause) {
        room_due_ = room_at_ + room_pause;
        return;
    }
    room_at_ = now;
    FairShare planned = after_leaving(now);
    std::map<std::string, std::vector<Held>> held;
    std::set<std::string> without;
    for (bool moved = true; moved;) {
        moved = false;
        for (const std::string& poor : planned.wanting()) {
            if (without.contains(poor)) continue;
            moved = make_room_for(now, poor, planned, held);
            if (moved) break;
            without.insert(poor);
        }
    }
    room_due_ = shares_.next_change(now);
}

bool Broker::make_room_for(Instant now, const std::string& poor, FairShare& planned,
                           std::map<std::string, std::vector<Held>>& held) {
    for (const std::string& giver : planned.givers(now, poor)) {
        Entry& rich = *runs_.at(giver);
        const auto [known, is_new] = held.try_emplace(giver);
        if (is_new) known->second = slots_to_ask(rich.run);
        const auto slot = std::ranges::find_if(known->second, [&](const Held& one) {
            return would_do(one.worker, runs_.at(poor)->run);
        });
        if (slot == known->second.end()) continue;
        const SlotAsked asked{slot->lane, slot->slot};
        known->second.erase(slot);
        if (!perform(now, rich, asked)) continue;
        touch(rich);
        planned.take(now, giver);
        planned.give(now, poor);
        return true;
    }
    return false;
}

// How slots will be shared when those that are asked for have been given up.
FairShare Broker::after_leaving(Instant now) const {
    FairShare planned = shares_;
    for (const auto& [id, entry] : runs_) {
        for (const auto& lane : entry->run.lanes()) {
            for (const SlotKey key : lane->retiring()) {
                planned.leave(id);
                std::set<std::string> without;
                while (const auto next = planned.next(without)) {
                    if (would_do(lane->slots().at(key).worker, runs_.at(*next)->run)) {
                        planned.give(now, *next);
                        break;
                    }
                    without.insert(*next);
                }
            }
        }
    }
    return planned;
}

// Those that have the least to do first, and of these the youngest.
std::vector<Broker::Held> Broker::slots_to_ask(const Submission& run) {
    std::vector<Held> held;
    for (std::uint32_t i = 0; i < run.lanes().size(); ++i) {
        const Run& lane = *run.lanes()[i];
        for (const auto& [key, slot] : lane.slots()) {
            if (lane.retiring().contains(key) || lane.end()) continue;
            held.push_back({i, key, slot.worker, slot.jobs.size()});
        }
    }
    std::ranges::sort(held, [](const Held& a, const Held& b) {
        return a.jobs != b.jobs ? a.jobs < b.jobs : a.slot > b.slot;
    });
    return held;
}

// A slot of that worker is of use to the run.
bool Broker::would_do(WorkerKey worker, const Submission& run) const {
    const Worker& whose = workers_.all().at(worker);
    if (!takes_new(whose)) return false;
    return std::ranges::any_of(run.lanes(), [&](const auto& lane) {
        for (std::uint32_t i = 0; i < lane->environments().size(); ++i) {
            const bool fits = does_for(whose, lane->environments()[i].labels);
            const bool wants = lane->slots_wanted_in(i) > 0 ||
                               (lane->wanted_there() > 0 && lane->kept().holds(worker));
            if (fits && wants) return true;
        }
        return false;
    });
}

Claim Broker::claim_of(const Entry& entry) const {
    std::size_t leaving = 0;
    for (const auto& lane : entry.run.lanes()) leaving += lane->retiring().size();
    return {.user = entry.order.user,
            .number = entry.number,
            .level = level_of(entry.order.priority, entry.order.interactive),
            .held = entry.run.live_slots() - leaving,
            .leaving = leaving,
            .wanted = entry.run.slots_wanted()};
}

}  // namespace xgrid::broker
