// Tests that have failed and run again, each alone in a job of its own, and where: on another
// worker than the one where it failed, or else in another slot of that one.
//
// A slot that may be had soon is waited for, while the one where the test has failed stands idle:
// what is learnt there is worth more. Not for long, since a test may run for hours.
#include <algorithm>
#include <utility>

#include "broker/run.hpp"
#include "shared/quarantines.hpp"

namespace xgrid::broker {
namespace {

// More of those that wait are not looked at in one go: what keeps the first ones mostly keeps all.
constexpr std::size_t looked_at_max = 32;

}  // namespace

// ---- Results

void Run::conclude(Instant now, Job& about, TestFinished finished) {
    const SlotKey key = about.attempt->slot;
    end_copy(now, about);
    if (about.purpose == Purpose::confirm) return settle(now, std::move(finished));
    if (about.again && !retries_.holds(finished.unit, finished.test)) return;  // it has its verdict
    const bool failed = is_failure(finished.result.outcome);
    // A test that is skipped elsewhere, for want of something, has not passed there.
    const bool says_nothing = about.again && finished.result.outcome == Outcome::skipped;
    const bool may_again =
        retries_.may_go_on(finished.attempt) && !stopping() && !is_of_loading(finished.result);
    if ((failed || says_nothing) && may_again) return run_again(now, about, std::move(finished));
    retries_.let_count(key, finished.test);
    std::optional<TestFinished> before = retries_.release(finished.unit, finished.test);
    if (says_nothing) return verdict(now, *std::move(before));
    finished.was_failing = before.has_value();
    if (failed && is_doubtful(about, finished.result)) return hold(now, std::move(finished));
    verdict(now, std::move(finished));
}

void Run::run_again(Instant now, const Job& about, TestFinished finished) {
    const SlotKey key = about.attempt->slot;
    events_.emplace_back(TestFailing{.unit = finished.unit,
                                     .test = finished.test,
                                     .worker = finished.worker,
                                     .result = finished.result,
                                     .environment = finished.environment,
                                     .attempt = finished.attempt,
                                     .retried = true});
    JobBody body{.kind = JobKind::unit, .unit = finished.unit};
    body.selection = {.mode = Select::only, .tests = {finished.test}};
    if (is_failure(finished.result.outcome)) {
        retries_.hold(key, std::move(finished));
    } else {
        retries_.count(key, finished.unit, finished.test);
    }
    Job& again = job(add_job(std::move(body), 0, about.purpose));
    again.again = Again{key, slot(key).worker, is_collected(key), now};
    ++again_jobs_;
    wait_for_slot(again);
}

// It cannot run again after all.
void Run::stand(Instant now, const std::string& unit, const TestName& test) {
    std::optional<TestFinished> failure = retries_.release(unit, test);
    if (failure) verdict(now, *std::move(failure));
}

void Run::end_retries(Instant now) {
    for (TestFinished& failure : retries_.end()) verdict(now, std::move(failure));
}

// Its test was not there any more, or its unit could not be loaded, unless it has given a result.
void Run::ended_again(Instant now, Job& about, const Ended& fact) {
    loaded(now, about);
    const Attempt& attempt = *about.attempt;
    if (attempt.unstarted > 0 || attempt.running) {
        return requeue(now, about, fact.end == End::done, "ended without running all of its tests");
    }
    const std::vector<TestName> found = attempt.tests;
    const std::vector<TestName> wanted = about.body.selection.tests;
    for (const TestName& test : wanted) {
        if (std::ranges::find(found, test) == found.end()) stand(now, about.body.unit, test);
    }
    if (jobs_.contains(about.id)) drop_job(about.id);
}

// ---- Slots

// It goes on to take jobs that wait.
bool Run::stays(SlotKey key) const {
    if (retiring_.contains(key)) return false;
    const std::vector<std::uint64_t>& jobs = slots_.at(key).jobs;
    return jobs.empty() || jobs_.at(jobs.front()).body.kind != JobKind::finish;
}

// What a slot that has collected everything gives may be another result for that reason alone.
bool Run::is_like(SlotKey key, const Again& again) const {
    return slots_.at(key).collected == again.collected;
}

Run::Choice Run::choose(const std::set<SlotKey>& among, const Again& again, bool like) const {
    Choice choice;
    for (const SlotKey key : among) {
        if (like && !is_like(key, again)) continue;
        if (!idle_.contains(key) && !may_have_one_ahead(key)) continue;
        if (slots_.at(key).worker != again.worker) {
            choice.elsewhere = key;
            break;
        }
        (key != again.slot ? choice.beside : choice.same) = key;
    }
    return choice;
}

bool Run::lives_elsewhere(const Again& again) const {
    return std::ranges::any_of(by_worker_, [&](const auto& one) {
        return one.first != again.worker && std::ranges::any_of(one.second, [&](SlotKey key) {
                   return stays(key) && is_like(key, again);
               });
    });
}

bool Run::lives_beside(const Again& again) const {
    return std::ranges::any_of(slots_on(again.worker), [&](SlotKey key) {
        return key != again.slot && stays(key) && is_like(key, again);
    });
}

// None: it waits for one. `places`, `elsewhere`: so many could start, ... on other workers.
std::optional<SlotKey> Run::slot_for(Instant now, const Again& again, std::size_t places,
                                     std::size_t elsewhere) {
    const auto wait_until = [&](Instant when, bool one_more) {
        again_due_ = std::min(again_due_, when);
        again_wanted_ += one_more ? 1 : 0;
        return std::nullopt;
    };
    const Choice idle = choose(idle_, again, true);
    const Choice ahead = choose(with_one_job_, again, true);
    if (idle.elsewhere) return idle.elsewhere;
    const Instant patient_until = again.since + settings_->retry_patience;
    if (now < patient_until && !spec_.retry_anywhere) {
        if (ahead.elsewhere) return ahead.elsewhere;
        const bool lives = lives_elsewhere(again);
        if (lives || elsewhere > 0) return wait_until(patient_until, !lives);
    }
    if (idle.beside) return idle.beside;
    const Instant slot_until = again.since + settings_->retry_slot_patience;
    if (now < slot_until && !spec_.retry_anywhere) {
        if (ahead.beside) return ahead.beside;
        const bool lives = lives_beside(again);
        if (lives || places > 0) return wait_until(slot_until, !lives);
    }
    for (const auto& any : {idle.same, choose(idle_, again, false).any(), ahead.any(),
                            choose(with_one_job_, again, false).any()}) {
        if (any) return any;
    }
    ++again_wanted_;
    return std::nullopt;
}

// What stays together may be so because it must not run beside itself: then one after the other,
// when nothing else is left.
bool Run::may_run_again_now() const {
    if (spec_.grouping == Grouping::none) return true;
    if (open_jobs_ > again_jobs_) return false;
    return std::ranges::none_of(
        jobs_, [](const auto& one) { return one.second.again && one.second.attempt; });
}

void Run::hand_out_again(Instant now, std::size_t places, std::size_t elsewhere) {
    std::size_t looked_at = 0;
    for (auto next = waiting_again_.begin(); next != waiting_again_.end();) {
        if (++looked_at > looked_at_max || !may_run_again_now()) return;
        const std::uint64_t id = *next;
        const std::optional<SlotKey> where = slot_for(now, *job(id).again, places, elsewhere);
        if (!where) {
            ++next;
            continue;
        }
        next = waiting_again_.erase(next);
        hand_out(now, id, *where);
    }
}

std::optional<WorkerKey> Run::avoided() const {
    if (waiting_again_.empty() || spec_.retry_anywhere) return std::nullopt;
    return jobs_.at(waiting_again_.front()).again->worker;
}

// It waits behind another job, and there is a better place for it.
bool Run::would_move(Instant now, const Again& again) {
    if (idle_.empty()) return false;
    if (spec_.retry_anywhere) return true;
    if (choose(idle_, again, true).elsewhere) return true;
    const Instant patient_until = again.since + settings_->retry_patience;
    if (now >= patient_until) return true;
    rebalance_at_ = std::min(rebalance_at_, patient_until);
    return false;
}

}  // namespace xgrid::broker
