#include "broker/submission.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "shared/environment.hpp"
#include "shared/quarantines.hpp"

namespace xgrid::broker {

Submission::Submission(std::string id, RunSpec spec, std::vector<DoneTest> done,
                       std::uint64_t& next_job, const Settings& settings)
    : each_(spec.each),
      has_grid_locks_(
          std::ranges::any_of(spec.locks, [](const auto& lock) { return lock.second.of_grid; })),
      next_job_(&next_job) {
    const std::vector<Environment> environments = environments_of(spec);
    for (const Environment& environment : environments) next_slot_ += environment.slots;
    const std::size_t lanes = each_ ? environments.size() : 1;
    const auto resources = std::make_shared<Resources>(spec.locks);
    for (std::uint32_t i = 0; i < lanes; ++i) {
        const auto lane = each_ ? std::optional(Lane{i, &next_slot_, resources}) : std::nullopt;
        lanes_.push_back(std::make_unique<Run>(id, spec, done, next_job, settings, lane));
    }
}

std::size_t Submission::live_slots() const {
    std::size_t slots = 0;
    for (const auto& lane : lanes_) slots += lane->live_slots();
    return slots;
}

std::size_t Submission::slots_wanted() const {
    std::size_t wanted = 0;
    for (const auto& lane : lanes_) wanted += lane->slots_wanted();
    return wanted;
}

std::size_t Submission::slots_on(WorkerKey worker) const {
    std::size_t slots = 0;
    for (const auto& lane : lanes_) slots += lane->slots_on(worker).size();
    return slots;
}

bool Submission::has_begun_on(WorkerKey worker) const {
    return std::ranges::any_of(lanes_, [&](const auto& lane) {
        return std::ranges::any_of(lane->slots_on(worker), [&](SlotKey key) {
            const std::vector<std::uint64_t>& jobs = lane->slots().at(key).jobs;
            return !jobs.empty() && lane->find(jobs.front())->attempt->began;
        });
    });
}

Instant Submission::next_deadline() const {
    Instant next = never;
    for (const auto& lane : lanes_) next = std::min(next, lane->next_deadline());
    return next;
}

std::optional<std::uint32_t> Submission::lane_of(std::uint64_t job) const {
    for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
        if (lanes_[i]->find(job) != nullptr) return i;
    }
    return std::nullopt;
}

// Takes what its lanes have to tell, and keeps them together.
void Submission::settle(Instant now) {
    if (over_) return;
    keep_limits(now);
    for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
        for (Event& event : lanes_[i]->take_events()) {
            const auto* end = std::get_if<RunFinished>(&event);
            if (end != nullptr && each_) {
                events_.append(now, EnvironmentEnded{i, end->end, end->code, end->reason});
            }
            if (const auto* finished = std::get_if<TestFinished>(&event)) {
                ++verdicts_[counted_outcome(spec().quarantines, *finished)];
            }
            // The run's own comes when all are over.
            if (end == nullptr) events_.append(now, std::move(event));
        }
    }
    if (!std::ranges::all_of(lanes_, [](const auto& lane) { return lane->over(); })) return;
    over_ = true;
    ended_ = end_of_all();
    events_.append(now, *ended_);
}

// What ends a run is for all of it, in whichever environment it came about.
void Submission::keep_limits(Instant now) {
    if (!each_) return;
    std::uint32_t failures = 0;
    std::uint32_t crashes = 0;
    for (const auto& lane : lanes_) {
        failures += lane->failures();
        crashes += lane->crashes();
        if (!lane->end()) continue;
        const RunFinished end = *lane->end();
        // Of a lane that is over, trouble of a session's end that is its own.
        const bool is_asked = end.end == RunEnd::exit_asked && !lane->over();
        if (end.end == RunEnd::stopped || is_asked) stop_all(now, end);
    }
    const RunSpec& spec = lanes_.front()->spec();
    if (spec.failures_max > 0 && failures >= spec.failures_max) {
        stop_all(now, after_failures(spec.failures_max));
    }
    if (crashes > spec.crashes_max) stop_all(now, after_crashes(spec.crashes_max));
}

void Submission::stop_all(Instant now, const RunFinished& end) {
    for (const auto& lane : lanes_) {
        if (!lane->end()) lane->stop(now, end);
    }
}

// The worst of them; what kept one from its tests is the grid's failure, if it did not keep all.
RunFinished Submission::end_of_all() const {
    if (!each_) return *lanes_.front()->end();
    const auto first = [&](RunEnd kind) {
        return std::ranges::find_if(lanes_,
                                    [&](const auto& lane) { return lane->end()->end == kind; });
    };
    for (const RunEnd kind : {RunEnd::cancelled, RunEnd::exit_asked}) {
        if (first(kind) != lanes_.end()) return *(*first(kind))->end();
    }
    const auto is_kept = [](const auto& lane) {
        return lane->end()->end == RunEnd::refused || lane->end()->end == RunEnd::grid_failed;
    };
    const auto kept = std::ranges::find_if(lanes_, is_kept);
    if (kept != lanes_.end()) {
        RunFinished end = *(*kept)->end();
        if (std::ranges::all_of(lanes_, is_kept)) return end;
        const auto place = static_cast<std::size_t>(kept - lanes_.begin());
        end.reason = fmt::format("{}: {}", spec().environments[place].name, end.reason);
        return {.end = RunEnd::grid_failed, .code = 3, .reason = std::move(end.reason)};
    }
    if (first(RunEnd::stopped) != lanes_.end()) return *(*first(RunEnd::stopped))->end();
    return *lanes_.front()->end();
}

// ---- Steps

bool Submission::perform(Instant now, const Step& step) {
    const bool done = std::visit([&](const auto& one) { return take(now, one); }, step);
    settle(now);
    return done;
}

bool Submission::record(Instant now, std::uint32_t lane, AttemptId id, const Fact& fact,
                        const std::string& host) {
    if (lane >= lanes_.size() || !lanes_[lane]->is_due(id, fact)) return false;
    if (lanes_[lane]->find(id.job)->attempt->number != id.number) return false;
    lanes_[lane]->record(now, id, fact, host);
    settle(now);  // the next fact may be of a test too many
    return true;
}

bool Submission::take(Instant now, const FactRecorded& step) {
    return record(now, step.lane, step.attempt, step.fact, step.host);
}

bool Submission::take(Instant now, const WorkerLost& step) {
    for (const auto& lane : lanes_) lane->lose_worker(now, step.worker, step.why);
    return true;
}

bool Submission::take(Instant now, const RunCancelled&) {
    for (const auto& lane : lanes_) lane->cancel(now);
    return true;
}

bool Submission::take(Instant now, const EnvironmentsLack& step) {
    for (const auto& [environment, why] : step.lacking) {
        if (each_ && environment >= lanes_.size()) continue;
        const RunFinished end{.end = RunEnd::grid_failed, .code = 3, .reason = why};
        lanes_[each_ ? environment : 0]->withdraw(now, environment, end);
    }
    return true;
}

bool Submission::take(Instant, const SlotGiven& step) {
    if (step.lane >= lanes_.size()) return false;
    Run& lane = *lanes_[step.lane];
    if (step.environment >= lane.environments().size()) return false;
    lane.add_slot(step.worker, step.environment, step.size);
    return true;
}

bool Submission::take(Instant, const SlotAsked& step) {
    return step.lane < lanes_.size() && lanes_[step.lane]->retire(step.slot);
}

bool Submission::take(Instant now, const Scheduled& step) {
    if (step.lane >= lanes_.size()) return false;
    lanes_[step.lane]->schedule(now, step.places, step.there, step.elsewhere);
    return step.next_job == 0 || step.next_job == *next_job_;
}

bool Submission::take(Instant, const LocksGiven& step) {
    if (step.lane >= lanes_.size() || step.locks.empty()) return false;
    lanes_[step.lane]->grant(step.locks);
    return true;
}

bool Submission::take(Instant now, const TimePassed&) {
    for (const auto& lane : lanes_) lane->advance(now);
    return true;
}

bool Submission::take(Instant, const WorkerRetires& step) {
    bool is_news = false;
    for (const auto& lane : lanes_) {
        for (const SlotKey slot : lane->slots_on(step.worker)) {
            is_news = lane->retire(slot) || is_news;
        }
    }
    return is_news;
}

bool Submission::take(Instant, const TestsExpected& step) {
    return step.lane < lanes_.size() && lanes_[step.lane]->expect(step.units);
}

void Submission::end_environments(Instant now, const std::vector<EnvironmentEnded>& all) {
    for (const EnvironmentEnded& ended : all) {
        const RunFinished end{.end = ended.end, .code = ended.code, .reason = ended.reason};
        if (!each_) {
            lanes_.front()->withdraw(now, ended.environment, end);
        } else if (ended.environment < lanes_.size()) {
            lanes_[ended.environment]->stop(now, end);
        }
    }
    settle(now);
}

std::set<WorkerKey> Submission::take_changed() {
    std::set<WorkerKey> changed = lanes_.front()->take_changed();
    for (std::size_t i = 1; i < lanes_.size(); ++i) changed.merge(lanes_[i]->take_changed());
    return changed;
}

std::vector<Duration> Submission::take_waits() {
    std::vector<Duration> all;
    for (const auto& lane : lanes_) {
        const std::vector<Duration> waits = lane->take_waits();
        all.insert(all.end(), waits.begin(), waits.end());
    }
    return all;
}

}  // namespace xgrid::broker
