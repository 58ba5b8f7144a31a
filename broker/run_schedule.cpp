// Which of a run's jobs goes to which of its slots, and who gives back what.
#include <algorithm>
#include <utility>

#include "broker/run.hpp"

namespace xgrid::broker {
namespace {

// A new slot costs about this much before its first test.
constexpr Duration slot_start_cost = std::chrono::milliseconds(50);
// Handing tests to another slot costs at least this much.
constexpr Duration give_back_cost = std::chrono::milliseconds(5);
// Looking at all slots is not done more often than that.
constexpr Duration rebalance_pause = std::chrono::milliseconds(2);
constexpr Duration rebalance_interval = std::chrono::milliseconds(20);

bool may_be_asked(const Job& job) {
    return job.body.kind == JobKind::unit && job.attempt->asked == job.attempt->answered;
}

Duration duration_of(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// So far it has taken about what was expected.
bool goes_as_expected(const Attempt& attempt, Instant now) {
    if (attempt.seconds.empty()) return false;
    double all = 0;
    for (const double seconds : attempt.seconds) all += seconds;
    const Duration expected = duration_of(all - attempt.unstarted_seconds);
    return now - attempt.loaded_at <= 2 * expected + slot_start_cost;
}

// What is left of a job that runs, as far as one can tell from what has run of it, or earlier.
Duration time_left(const Attempt& attempt, Instant now) {
    if (goes_as_expected(attempt, now))
        return duration_of(std::max(attempt.unstarted_seconds, 0.0));
    const Duration each = (now - attempt.loaded_at) / std::max(attempt.finished, 1U);
    // After weeks, with many tests left, the product would not fit.
    return std::min(each, Duration::max() / std::max(attempt.unstarted, 1U)) * attempt.unstarted;
}

}  // namespace

// A slot that enumerates is soon free for one job; for a single file no second slot is started.
std::size_t Run::takers() const {
    std::size_t takers = idle_.size();
    if (!enumerated_ && !with_one_job_.empty()) {
        const Slot& first = slots_.at(*with_one_job_.begin());
        takers += jobs_.at(first.jobs.front()).body.kind == JobKind::enumerate ? 1 : 0;
    }
    return takers;
}

std::size_t Run::slots_wanted() const {
    if (stopping() || over_) return 0;
    const std::size_t anywhere = !waiting_collected_.empty() && !collects_somewhere() ? 1 : 0;
    const std::size_t open = waiting_anywhere() + needy_wanted_;
    std::size_t wanted =
        anywhere + open - std::min(open, takers()) + again_wanted_ + wanted_there();
    std::size_t room = 0;
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
        room += room_in(i);
        const bool own = !places_[i].waiting_collected.empty() && !places_[i].collected;
        wanted += own && room_in(i) > 0 ? 1 : 0;
    }
    return std::min(wanted, room);
}

std::size_t Run::slots_wanted_in(std::uint32_t environment) const {
    if (stopping() || over_) return 0;
    const std::size_t waiting = waiting_anywhere() + needy_wanted_;
    const std::size_t open = waiting - std::min(waiting, takers());
    const std::size_t collecting = needs_collecting(places_.at(environment)) ? 1 : 0;
    return std::min<std::size_t>(open + collecting + again_wanted_, room_in(environment));
}

bool Run::retire(SlotKey key) {
    if (stopping() || over_ || !slots_.contains(key)) return false;
    if (!retiring_.insert(key).second) return false;
    index(key);
    for (const std::uint64_t id : slot(key).jobs) {
        Job& held = job(id);
        const bool together = keeps_units() || !held.group.empty() || spec_.collect_only ||
                              held.purpose == Purpose::confirm || held.needs != nullptr;
        if (held.body.kind != JobKind::unit || (held.attempt->began && together)) continue;
        ask_back(held, together ? keep_if_begun : 0);
    }
    return true;
}

void Run::schedule(Instant now, std::size_t places, std::size_t there, std::size_t elsewhere) {
    seen_ = now;
    if (!began_at_) began_at_ = now;
    rebalance_at_ = never;
    needy_wanted_ = 0;
    again_due_ = never;
    again_wanted_ = 0;
    if (over_ || stopping() || resources_->runs_alone()) return resources_->drop_unused();
    const std::size_t startable = std::min(places, room());
    finish_retiring(now);
    split_long_units();
    hand_out_collected(now);
    begin_awaited(now, there);
    hand_out_needy(now);
    hand_out_again(now, startable, std::min(elsewhere, startable));
    hand_out_waiting(now, startable);
    add_confirming_jobs(rebalance(now, startable) && !idle_.empty());
    hand_out_collected(now);
    hand_out_needy(now);
    hand_out_alone(now);
    begin_copies(now);
    resources_->drop_unused();
    if (!resources_->runs_alone()) make_room_for_collecting(now, startable);
}

void Run::finish_retiring(Instant now) {
    for (const SlotKey key : retiring_) {
        if (!idle_.contains(key)) continue;
        hand_out(now, add_job({.kind = JobKind::finish}, 0), key);
    }
}

// Looks at no slot that it does not hand something to: there may be thousands.
void Run::hand_out_waiting(Instant now, std::size_t startable) {
    for (const SlotKey key : groups_.awaited()) {
        if (idle_.contains(key) || may_have_one_ahead(key)) hand_out_next(now, key);
    }
    while (!idle_.empty() && waiting_anywhere() > 0) hand_out_next(now, *idle_.begin());
    if (waiting_anywhere() == 0) return;

    // One ahead, so that a slot never waits for us; not near the end, where each job should go to
    // whoever is free first. But the slot that lists has nothing else to do before the end.
    const Job& first = jobs_.begin()->second;
    if (first.body.kind == JobKind::enumerate && first.attempt &&
        may_have_one_ahead(first.attempt->slot)) {
        hand_out_next(now, first.attempt->slot);
    }
    const std::set<SlotKey> busy =
        waiting_anywhere() < slots_.size() + startable ? std::set<SlotKey>{} : with_one_job_;
    for (const SlotKey key : busy) {
        if (waiting_anywhere() < slots_.size() + startable) return;
        if (may_have_one_ahead(key) && is_soon_done(key)) hand_out_next(now, key);
    }
}

// Groups go first: what is in one cannot be shared later.
void Run::hand_out_next(Instant now, SlotKey key) {
    if (const auto grouped = groups_.next(key)) {
        const Job& next = job(*grouped);
        if (next.needs != nullptr) return needy_.wait_for(key, next);
        hand_out(now, *grouped, key);
    } else if (!waiting_.empty()) {
        hand_out(now, waiting_.front(), key);
        waiting_.pop_front();
    }
}

bool Run::may_have_one_ahead(SlotKey key) const {
    if (!with_one_job_.contains(key) || retiring_.contains(key)) return false;
    if (kept_.holds(slots_.at(key).worker)) return false;
    return jobs_.at(slots_.at(key).jobs.front()).body.kind != JobKind::finish;
}

bool Run::ask_back(Job& asked, std::uint32_t keep) {
    if (!asked.attempt || asked.attempt->asked != asked.attempt->answered) {
        if (!asked.attempt || asked.attempt->keep <= keep) return false;
    }
    ++asked.attempt->asked;
    asked.attempt->keep = keep;
    changed_.insert(slot(asked.attempt->slot).worker);
    return true;
}

bool Run::rebalance(Instant now, std::size_t startable) {
    const std::size_t idle = idle_.size();
    std::size_t takers = idle + startable;
    if (waiting_anywhere() > 0 || takers == 0) return false;
    if (now < rebalanced_at_ + rebalance_pause) {
        rebalance_at_ = rebalanced_at_ + rebalance_pause;
        return false;
    }
    rebalanced_at_ = now;

    std::vector<std::pair<Duration, Job*>> running;
    for (auto& [key, slot] : slots_) {
        for (std::size_t place = 0; place < slot.jobs.size() && takers > 0; ++place) {
            Job& held = job(slot.jobs[place]);
            if (held.body.kind != JobKind::unit || held.purpose != Purpose::test) continue;
            if (!held.group.empty()) continue;    // it can be nowhere else
            if (held.needs != nullptr) continue;  // each part would need it
            if (held.again && (place == 0 || !would_move(now, *held.again))) continue;
            Attempt& attempt = *held.attempt;
            if (now < attempt.ask_again_at) {
                rebalance_at_ = std::min(rebalance_at_, attempt.ask_again_at);
            } else if (!may_be_asked(held)) {
                takers -= std::min<std::size_t>(takers, attempt.takers);
            } else if (place > 0 && !attempt.began) {
                // It waits behind another one.
                if (idle > 0 || now - attempt.assigned_at > slot_start_cost) {
                    attempt.takers = 1;
                    takers -= ask_back(held, kept_of_waiting()) ? 1 : 0;
                } else {
                    rebalance_at_ = std::min(rebalance_at_, now + rebalance_interval);
                }
            } else if (attempt.loaded && attempt.unstarted > 0 && !keeps_units() &&
                       !spec_.collect_only) {
                running.emplace_back(time_left(attempt, now), &held);
            }
        }
    }
    std::ranges::sort(running, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second->id < b.second->id;
    });
    for (const auto& [left, held] : running) {
        if (takers == 0) return false;
        Attempt& attempt = *held->attempt;
        const Duration cost = (attempt.loaded_at - attempt.began_at) + give_back_cost +
                              (idle > 0 ? Duration(0) : slot_start_cost);
        if (left < 2 * cost) {
            rebalance_at_ = std::min(rebalance_at_, now + rebalance_interval);
            continue;
        }
        attempt.takers =
            static_cast<std::uint32_t>(std::min<std::size_t>(takers, attempt.unstarted));
        if (ask_back(*held, fair_part_of(attempt))) takers -= attempt.takers;
    }
    return takers > 0;
}

}  // namespace xgrid::broker
