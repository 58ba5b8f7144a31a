// How attempts end, and what becomes of their jobs when they do not end as they should.
#include <utility>

#include <fmt/format.h>

#include "broker/run.hpp"

namespace xgrid::broker {
namespace {

constexpr std::size_t shared_reason_bytes_max = 500;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

RunFinished after_crashes(std::uint32_t most) {
    return {.end = RunEnd::stopped,
            .code = 1,
            .reason = fmt::format("maximum crashed workers reached: {}", most)};
}

void Run::take(Instant now, Job& about, const Ended& fact) {
    if (about.copy_of) return copy_ended(now, about, fact);
    switch (fact.end) {
        case End::refused: return refused(now, about, fact);
        case End::crashed:
        case End::gone: return crashed(now, about, fact);
        case End::lost: return taken_away(now, about, fact);
        case End::returned: requeue(now, about, false, ""); break;
        case End::done:
        case End::stopped: ended(now, about, fact); break;
    }
    go_on(now);
}

void Run::refused(Instant now, const Job& about, const Ended& fact) {
    const SlotKey key = about.attempt->slot;
    if (is_collected(key)) {
        collect_no_more(now, fact.text);
        lose_slot(now, key, first_line(fact.text));
        return go_on(now);
    }
    if (!stopping()) {
        withdraw(now, environment_of(about),
                 {.end = RunEnd::refused, .code = fact.code, .reason = fact.text});
    }
    // It was to end anyway, for another reason.
    if (over_ || !slots_.contains(key)) return;
    lose_slot(now, key, "");
    go_on(now);
}

void Run::taken_away(Instant now, Job& about, const Ended& fact) {
    const SlotKey key = about.attempt->slot;
    const std::string why = "lost: " + first_line(fact.text);
    // Counted, since each slot that is started in its place may be lost like that.
    if (!slot(key).up) requeue(now, about, true, why);
    if (over_) return;
    lose_slot(now, key, why);
    go_on(now);
}

void Run::ended(Instant now, Job& about, const Ended& fact) {
    if (about.body.kind == JobKind::finish) {
        const SlotKey key = about.attempt->slot;
        if (!fact.text.empty()) session_trouble_ = fact.text;
        drop_job(about.id);
        drop_slot(key, "", fact.output);
    } else if (about.body.kind == JobKind::enumerate) {
        if (!enumerated_) {
            events_.emplace_back(UnitsKnown{.all = true, .environment = environment_of(about)});
        }
        enumerated_ = true;
        drop_job(about.id);
        // Whoever has loaded the only unit has collected everything.
        if (units_.size() <= 1) end_confirmation(now, "");
    } else if (about.purpose == Purpose::confirm) {
        load_after_all(about, fact);
        release(now, about, about.body.selection.tests);
        drop_job(about.id);
    } else if (about.again) {
        ended_again(now, about, fact);
    } else {
        ended_unit(now, about, fact);
    }
}

void Run::ended_unit(Instant now, Job& about, const Ended& fact) {
    loaded(now, about);
    const Attempt& attempt = *about.attempt;
    if (!fact.missing.empty() || (!fact.text.empty() && attempt.tests.empty())) {
        const std::string why =
            fact.text.empty() ? "was not there when its unit was loaded again" : fact.text;
        give_up(now, about,
                fact.missing.empty() ? std::vector{TestName{about.body.unit}} : fact.missing, why);
    }
    if (!spec_.collect_only && (attempt.unstarted > 0 || attempt.running)) {
        requeue(now, about, fact.end == End::done, "ended without running all of its tests");
    } else {
        drop_job(about.id);
    }
}

void Run::lose_worker(Instant now, WorkerKey worker, const std::string& why) {
    const std::set<SlotKey> lost = slots_on(worker);
    for (const SlotKey key : lost) {
        if (!over_) lose_slot(now, key, why);
    }
    if (!lost.empty()) go_on(now);
}

// It is gone, and nobody is to blame.
void Run::lose_slot(Instant now, SlotKey key, const std::string& why) {
    const std::vector<std::uint64_t> jobs = slot(key).jobs;
    for (const std::uint64_t id : jobs) {
        Job& affected = job(id);
        requeue(now, affected, affected.attempt->began, why);
        if (over_) return;
    }
    drop_slot(key, why);
}

TestFinished Run::blamed(const Job& about, const TestName& test, const Blame& why) const {
    const bool error = why.outcome == Outcome::error;
    Phase phase{.when = why.when, .category = error ? "error" : "failed"};
    phase.letter = error ? "E" : "F";
    phase.word = error ? "ERROR" : "FAILED";
    phase.text = why.message;
    phase.message = first_line(why.message);
    TestResult result{.outcome = why.outcome, .crashed = why.crashed};
    result.details = Details{.phases = {std::move(phase)}};
    result.details->domain = test.id;
    return result_of(about, test, std::move(result));
}

void Run::give_up(Instant now, const Job& about, const std::vector<TestName>& tests,
                  const std::string& why) {
    // The whole text for one, its beginning for each of many: thousands of copies would fill the
    // memory.
    const std::string said = tests.size() == 1 ? why : why.substr(0, shared_reason_bytes_max);
    for (const TestName& test : tests) {
        if (about.again) {
            stand(now, about.body.unit, test);
            continue;
        }
        const Blame blame{.outcome = Outcome::error, .when = "setup", .message = said};
        verdict(now, blamed(about, test, blame));
    }
}

void Run::crashed(Instant now, Job& about, const Ended& fact) {
    const SlotKey key = about.attempt->slot;
    const std::string name = name_of(key);
    const bool was_up = slot(key).up;
    const bool lists = about.body.kind == JobKind::enumerate;
    Attempt& attempt = *about.attempt;
    const std::string how = fact.text.empty() ? "" : ": " + fact.text;
    const bool of_confirming = fact.end == End::crashed && about.purpose == Purpose::confirm;
    const bool of_collecting = fact.end == End::crashed && is_collected(key) &&
                               about.body.kind == JobKind::unit && attempt.tests.empty();
    if (of_confirming || of_collecting) {
        // Of whose doing is not known; others can do without it.
        collect_no_more(now, fmt::format("worker '{}' crashed{}", name, how));
        requeue(now, about, false, "");
    } else if (about.body.kind == JobKind::finish) {
        // One that was not to begin any more has kept nobody from anything.
        if (fact.end == End::crashed && was_up) {
            session_trouble_ = fmt::format("worker '{}' crashed while it finished{}", name, how);
        }
        drop_job(about.id);
    } else if (attempt.running) {
        const TestName test = attempt.tests[*attempt.running];
        attempt.states[*attempt.running] = TestState::closed;
        attempt.running.reset();
        Blame blame{.outcome = Outcome::failed, .when = "call", .crashed = true};
        blame.message = fmt::format("worker '{}' crashed while running '{}'{}", name, test.id, how);
        conclude(now, about, blamed(about, test, blame));
        requeue(now, about, false, "");
    } else if (fact.end == End::gone) {
        requeue(now, about, false, "");
    } else if (about.body.kind == JobKind::unit && was_up && attempt.tests.empty()) {
        Blame blame{.outcome = Outcome::error, .when = "collect", .crashed = true};
        blame.message =
            fmt::format("worker '{}' crashed while collecting '{}'{}", name, about.body.unit, how);
        if (about.again) give_up(now, about, about.body.selection.tests, blame.message);
        if (!about.again) verdict(now, blamed(about, {about.body.unit}, blame));
        if (jobs_.contains(about.id)) drop_job(about.id);
    } else {
        requeue(now, about, true,
                fmt::format("worker '{}' crashed{}{}", name, was_up ? "" : " while starting", how));
    }
    if (over_) return;
    lose_slot(now, key, "crashed" + first_line(how));
    if (!of_confirming) ++crashes_;
    if (!stopping() && crashes_ > spec_.crashes_max) {
        RunFinished end = after_crashes(spec_.crashes_max);
        if (spec_.crashes_max == 0) {
            end.reason = fmt::format("worker '{}' crashed and worker restarting disabled", name);
        }
        // No test has failed by that: nobody knows what tests there are.
        if (lists) fail(now, "cannot list the tests: " + end.reason);
        if (!lists) stop(now, std::move(end));
    }
    go_on(now);
}

// The attempt is over; what is open of its job waits again, or is given up when it was lost too
// often.
void Run::requeue(Instant now, Job& about, bool lost, const std::string& why) {
    if (about.purpose == Purpose::confirm) return reopen(now, about, lost, why);
    if (about.copy_of) return drop_copy(about);
    if (about.copy) return leave_to_copy(about, lost);
    if (about.body.kind == JobKind::finish || stopping()) return drop_job(about.id);
    about.losses += lost ? 1 : 0;
    const bool too_often = about.losses >= settings_->losses_max;
    const std::string given_up =
        too_often ? fmt::format("{}, {} times", why, about.losses) : std::string();
    if (about.body.kind == JobKind::enumerate && too_often) {
        return fail(now, "cannot list the tests: " + given_up);
    }
    if (about.attempt->loaded) {
        requeue_rest(now, about, lost, given_up);
    } else {
        requeue_whole(now, about, given_up);
    }
}

// `given_up`: why it is; empty: it is not.
void Run::requeue_whole(Instant now, Job& about, const std::string& given_up) {
    if (given_up.empty()) {
        take_from_slot(about);
        about.attempt.reset();
        return wait_for_slot(about);
    }
    const std::uint64_t id = about.id;
    const Selection& selection = about.body.selection;
    give_up(
        now, about,
        selection.mode == Select::only ? selection.tests : std::vector{TestName{about.body.unit}},
        given_up);
    if (jobs_.contains(id)) drop_job(id);
}

// A test that ran when its worker was lost may be why: it goes on alone, and the others
// unsuspected.
void Run::requeue_rest(Instant now, Job& about, bool lost, const std::string& given_up) {
    const Job old = about;
    const Attempt& attempt = *old.attempt;
    std::vector<std::uint32_t> suspects;
    std::vector<std::uint32_t> open;
    for (std::uint32_t i = 0; i < attempt.tests.size(); ++i) {
        if (attempt.states[i] == TestState::running) suspects.push_back(i);
        if (attempt.states[i] == TestState::open) open.push_back(i);
    }
    if (lost && suspects.empty()) std::swap(suspects, open);
    if (!given_up.empty()) {
        std::vector<TestName> lost_tests;
        lost_tests.reserve(suspects.size());
        for (const std::uint32_t test : suspects) lost_tests.push_back(attempt.tests[test]);
        give_up(now, about, lost_tests, given_up);
        suspects.clear();
        if (stopping()) open.clear();  // that was one failure too many
    }
    drop_job(old.id);
    add_unit_jobs(old, open, 1, lost ? old.losses - 1 : old.losses);
    add_unit_jobs(old, suspects, 1, old.losses);
}

}  // namespace xgrid::broker
