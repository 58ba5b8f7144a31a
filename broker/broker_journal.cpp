// What a broker keeps of its life, and how it takes it up again.
#include <algorithm>
#include <map>
#include <utility>

#include "broker/broker.hpp"
#include "shared/quarantines.hpp"

namespace xgrid::broker {
namespace {

constexpr const char* cannot_go_on =
    "the broker was replaced by another version while it ran, which cannot take it up where it "
    "was; xgrid rerun runs it again";

RunSummary summary_of(Instant now, const Submission& run, const Order& order, Instant since) {
    RunSummary summary{.run = run.id(), .order = order, .state = RunState::over};
    for (const Event& event : run.events().kept()) {
        if (const auto* finished = std::get_if<TestFinished>(&event)) {
            ++summary.verdicts[counted_outcome(run.spec().quarantines, *finished)];
        } else if (const auto* end = std::get_if<RunFinished>(&event)) {
            summary.end = *end;
        }
    }
    summary.took = std::chrono::duration<double>(now - since).count();
    return summary;
}

}  // namespace

std::int64_t nanoseconds(Instant instant) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(instant.time_since_epoch()).count();
}

Instant instant_of(std::int64_t nanoseconds) {
    return Instant(std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(nanoseconds)));
}

bool Broker::perform(Instant now, Entry& entry, Step step) {
    const bool done = entry.run.perform(now, step);
    if (!done || !keeps(entry)) return done;
    if (auto* scheduled = std::get_if<Scheduled>(&step)) scheduled->next_job = entry.next_job;
    keep(RunStep{entry.number, nanoseconds(now), std::move(step)});
    return true;
}

// Steps call workers by their keys.
void Broker::remember_worker(const Entry& entry, WorkerKey key) {
    if (!keeps(entry) || !kept_workers_.insert(key).second) return;
    const Worker& worker = workers_.at(key);
    keep(WorkerCame{key, worker.session, worker.host, worker.called});
}

void Broker::keep_over(Instant now, const Entry& entry) {
    const std::deque<Event>& events = entry.run.events().kept();
    const std::deque<std::uint32_t>& times = entry.run.events().times();
    keep(RunOver{entry.number,
                 summary_of(now, entry.run, entry.order, entry.submitted_at),
                 entry.run.spec(),
                 entry.epoch,
                 {events.begin(), events.end()},
                 {times.begin(), times.end()}});
}

Effects Broker::restore(Instant now, std::uint64_t life, std::uint64_t runs,
                        const std::vector<JournalEntry>& entries) {
    next_run_ = runs;
    // Workers have heard higher numbers than this broker will remember.
    last_orders_ = life << 32;
    announcements_.begin_with(life << 32);
    for (const JournalEntry& entry : entries) {
        std::visit([&](const auto& one) { retake(now, one); }, entry);
    }
    for (const std::uint64_t number : std::exchange(broken_, {})) {
        const std::string id = by_number_.at(number);
        give_up(now, *runs_.at(id));
        runs_.erase(id);
    }
    by_number_.clear();
    for (auto& [id, entry] : runs_) {
        for (const WorkerKey key : kept_workers_) count_slots(*entry, key);
        entry->run.take_changed();
        leave_unmeasured(*entry);
        touch(*entry);
    }
    return settle(now, {});
}

void Broker::retake(Instant, const RunBegun& begun) {
    const Instant at = instant_of(begun.at);
    auto& entry = runs_[begun.submit.run];
    entry = std::make_unique<Entry>(at, begun.number, begun.submit, settings_);
    entry->run.end_environments(at, begun.submit.ended);
    by_number_[begun.number] = begun.submit.run;
    next_run_ = std::max(next_run_, begun.number + 1);
}

void Broker::retake(Instant, const RunStep& step) {
    const auto found = by_number_.find(step.number);
    if (found == by_number_.end() || broken_.contains(step.number)) return;
    if (!runs_.at(found->second)->run.perform(instant_of(step.at), step.step)) {
        broken_.insert(step.number);
    }
}

void Broker::retake(Instant now, const RunOver& over) {
    next_run_ = std::max(next_run_, over.number + 1);
    const auto found = by_number_.find(over.number);
    if (found == by_number_.end()) return;
    remember_told(now, found->second);
    runs_.erase(found->second);
    by_number_.erase(found);
}

void Broker::retake(Instant now, const WorkerCame& came) {
    workers_.restore(now, came.worker, came.session, came.host, came.name);
    kept_workers_.insert(came.worker);
}

void Broker::retake(Instant, const WorkerGone& gone) {
    workers_.remove(gone.worker);
    kept_workers_.erase(gone.worker);
}

// Its client submits it again, if it is still there; else it is over.
void Broker::give_up(Instant now, const Entry& entry) {
    keep_over(now, entry);
    auto& over = std::get<RunOver>(journal_.back());
    over.summary.end = RunFinished{RunEnd::grid_failed, 3, cannot_go_on};
    over.events.emplace_back(*over.summary.end);
}

}  // namespace xgrid::broker
