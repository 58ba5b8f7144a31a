// Failures that run again where everything has been collected, and the slot that has done so.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "broker/run.hpp"

namespace xgrid::broker {

// ---- Results

// A test that crashed, and one that was given up, has no such result.
bool Run::is_doubtful(const Job& about, const TestResult& result) const {
    const bool only_unit = enumerated_ && units_.size() <= 1;
    return is_failure(result.outcome) && !result.crashed && confirmation_.on() && !only_unit &&
           !stopping() && !is_collected(about.attempt->slot);
}

void Run::hold(Instant now, TestFinished failure) {
    if (!confirmation_.has_room()) {
        end_confirmation(now,
                         fmt::format("more than {} tests failed", settings_->confirmations_max));
        return verdict(now, std::move(failure));
    }
    events_.emplace_back(TestFailing{failure.unit, failure.test, failure.worker, failure.result,
                                     failure.environment, failure.attempt});
    confirmation_.hold(std::move(failure));
}

void Run::settle(Instant now, TestFinished second) {
    std::optional<Confirmation::Settled> settled = confirmation_.settle(std::move(second));
    if (!settled) return;  // it has its verdict
    const std::string worker = settled->result.verdict.worker;
    const std::uint32_t where = settled->result.verdict.environment;
    tell(now, std::move(settled->result));
    if (!settled->why.empty()) {
        events_.emplace_back(NoteSeen{worker, std::move(settled->why), where});
    }
}

void Run::tell(Instant now, Confirmation::Failure failure) {
    verdict(now, std::move(failure.verdict));
    for (TeardownFailed& late : failure.late) tear_down(now, std::move(late));
}

// A unit that could not be loaded alone is there now, and what was held of it, under its own name,
// is no test: its tests run for the first time.
void Run::load_after_all(const Job& about, const Ended& fact) {
    const TestName unit{about.body.unit};
    const bool loaded =
        fact.text.empty() && std::ranges::find(fact.missing, unit) != fact.missing.end();
    if (!loaded) return;
    const std::optional<Confirmation::Failure> failure = confirmation_.release({unit.id, unit});
    if (!failure) return;
    events_.emplace_back(
        NoteSeen{name_of(about.attempt->slot),
                 fmt::format("{} can be loaded only where the whole suite has been "
                             "collected: {} could not",
                             unit.id, failure->verdict.worker),
                 environment_of(about)});
    wait_for_slot(job(add_job(whole(unit.id), 0, Purpose::test_collected)));
}

void Run::release(Instant now, const Job& about, const std::vector<TestName>& tests) {
    for (const TestName& test : tests) {
        std::optional<Confirmation::Failure> failure =
            confirmation_.release({about.body.unit, test});
        if (failure) tell(now, std::move(*failure));
    }
}

// The attempt is over; what it has not settled is to be confirmed by another one.
void Run::reopen(Instant now, const Job& about, bool lost, const std::string& why) {
    confirmation_.reopen(about.body.unit, about.body.selection.tests);
    drop_job(about.id);
    confirmations_lost_ += lost ? 1 : 0;
    if (confirmations_lost_ < settings_->losses_max) return;
    end_confirmation(now, fmt::format("{}, {} times", why, confirmations_lost_));
}

void Run::end_confirmation(Instant now, const std::string& why) {
    if (!confirmation_.on()) return;
    for (Confirmation::Failure& failure : confirmation_.end()) tell(now, std::move(failure));
    if (!why.empty()) {
        events_.emplace_back(NoteSeen{
            .text = "failures are not confirmed in a slot that has collected everything: " + why,
            .environment = environment_at_end()});
    }
    std::vector<std::uint64_t> confirming;
    for (const auto& [id, open] : jobs_) {
        if (open.purpose == Purpose::confirm) confirming.push_back(id);
    }
    for (const std::uint64_t id : confirming) {
        if (ask_back(job(id), 0) || job(id).attempt) continue;
        std::erase(queue_for(job(id)), id);
        drop_job(id);
    }
}

// No slot could do so, or not for long: units that are known to need it are tried without.
void Run::collect_no_more(Instant now, const std::string& why) {
    end_confirmation(now, why);
    collected_units_.clear();
    for (auto& [id, open] : jobs_) {
        if (open.purpose != Purpose::test_collected) continue;
        open.purpose = Purpose::test;
        --collected_jobs_;
    }
    for (const std::uint64_t id : take_waiting_collected()) wait_for_slot(job(id));
}

// ---- The slot

// When nothing else is left for a slot that is free: its place is better used so.
void Run::add_confirming_jobs(bool slots_to_spare) {
    if (!enumerated_ || confirmation_.empty()) return;
    // What stays together may be so because it must not run beside itself.
    const bool beside_others = slots_to_spare && spec_.grouping == Grouping::none;
    if (open_jobs_ > collected_jobs_ && !beside_others) return;
    for (auto& [where, tests] : confirmation_.take_open()) {
        const auto& [environment, unit] = where;
        JobBody body{.kind = JobKind::unit, .unit = unit};
        body.selection = {.mode = Select::only, .tests = std::move(tests)};
        Job& confirming = job(add_job(std::move(body), 0, Purpose::confirm));
        if (places_.at(environment).served) confirming.environment = environment;
        wait_for_slot(confirming);
    }
}

void Run::hand_out_collected(Instant now) {
    for (Place& place : places_) {
        if (!place.collected || retiring_.contains(*place.collected)) continue;
        if (hand_out_collected_in(now, place, place.waiting_collected)) {
            hand_out_collected_in(now, place, waiting_collected_);
        }
    }
}

// False: its slot has enough to do.
bool Run::hand_out_collected_in(Instant now, Place& place, std::deque<std::uint64_t>& queue) {
    while (!queue.empty()) {
        if (const Job& first = job(queue.front()); first.needs != nullptr) {
            needy_.wait_for(*place.collected, first);
            queue.pop_front();
            continue;
        }
        const bool may = idle_.contains(*place.collected) || may_have_one_ahead(*place.collected);
        if (!may) return false;
        hand_out(now, queue.front(), *place.collected);
        queue.pop_front();
    }
    return true;
}

bool Run::collects_somewhere() const {
    return std::ranges::any_of(places_,
                               [](const Place& place) { return place.collected.has_value(); });
}

// The next slot there should collect everything, for what waits.
bool Run::needs_collecting(const Place& place) const {
    if (place.collected) return false;
    if (!place.waiting_collected.empty()) return true;
    return !waiting_collected_.empty() && !collects_somewhere();
}

bool Run::collected_jobs_wait() const {
    return !waiting_collected_.empty() || std::ranges::any_of(places_, [](const Place& place) {
        return !place.waiting_collected.empty();
    });
}

std::vector<std::uint64_t> Run::take_waiting_collected() {
    std::vector<std::uint64_t> jobs(waiting_collected_.begin(), waiting_collected_.end());
    waiting_collected_.clear();
    for (Place& place : places_) {
        jobs.insert(jobs.end(), place.waiting_collected.begin(), place.waiting_collected.end());
        place.waiting_collected.clear();
    }
    return jobs;
}

// Slots that can do no more for the run finish; while they can, one does, if there is no place
// beside them.
void Run::make_room_for_collecting(Instant now, std::size_t startable) {
    if (std::ranges::none_of(
            places_, [&](const Place& place) { return place.served && needs_collecting(place); })) {
        return;
    }
    const bool others_needed = open_jobs_ > collected_jobs_;
    const bool one_finishes = jobs_.size() > open_jobs_;
    if (others_needed && (startable > 0 || one_finishes)) return;
    for (const SlotKey key : std::set<SlotKey>(idle_)) {
        hand_out(now, add_job({.kind = JobKind::finish}, 0), key);
        if (others_needed) return;
    }
}

}  // namespace xgrid::broker
