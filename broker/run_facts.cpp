// What each fact of an attempt means for its run.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "broker/run.hpp"
#include "shared/ensure.hpp"

namespace xgrid::broker {
namespace {

constexpr std::size_t shared_reason_bytes_max = 500;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// What a job may say that waits behind another.
bool comes_before_the_job(const Fact& fact) {
    const auto* gave = std::get_if<GaveBack>(&fact);
    return std::holds_alternative<Ended>(fact) || std::holds_alternative<TreeReady>(fact) ||
           (gave != nullptr && gave->tests.empty());
}

}  // namespace

RunFinished after_failures(std::uint32_t most) {
    return {.end = RunEnd::stopped,
            .code = 1,
            .reason = fmt::format("stopping after {} failures", most)};
}

RunFinished after_crashes(std::uint32_t most) {
    return {.end = RunEnd::stopped,
            .code = 1,
            .reason = fmt::format("maximum crashed workers reached: {}", most)};
}

bool Run::is_due(AttemptId id, const Fact& fact) const {
    const Job* about = find(id.job);
    if (about == nullptr || !about->attempt) return false;
    if (slots_.at(about->attempt->slot).jobs.front() == id.job) return true;
    const auto* ended = std::get_if<Ended>(&fact);
    return std::holds_alternative<GaveBack>(fact) ||
           (ended != nullptr && ended->end == End::returned);
}

void Run::record(Instant now, AttemptId id, const Fact& fact, const std::string& host) {
    const auto found = jobs_.find(id.job);
    if (found == jobs_.end()) return;
    Job& about = found->second;
    if (!about.attempt || about.attempt->number != id.number) return;
    ++about.attempt->recorded;
    if (!about.attempt->began && !comes_before_the_job(fact)) {
        about.attempt->began = true;
        about.attempt->began_at = now;
    }
    std::visit(
        [&](const auto& one) {
            if constexpr (requires { take(now, about, one, host); }) {
                take(now, about, one, host);
            } else {
                take(now, about, one);
            }
        },
        fact);
}

void Run::take(Instant, Job& about, const SlotBegan& fact, const std::string& host) {
    slot(about.attempt->slot).up = true;
    events_.emplace_back(
        WorkerUp{name_of(about.attempt->slot), host, fact.facts, environment_of(about)});
}

void Run::take(Instant, Job& about, const TreeReady& fact, const std::string& host) {
    events_.emplace_back(TreeSynced{host, fact, environment_of(about)});
}

void Run::take(Instant, Job& about, const UnitsNamed& fact) {
    if (about.body.kind != JobKind::enumerate || stopping()) return;
    UnitsKnown known{.environment = environment_of(about)};
    for (const std::string& unit : fact.units) {
        if (!units_.insert(unit).second) continue;
        const Purpose purpose =
            collected_units_.contains(unit) ? Purpose::test_collected : Purpose::test;
        wait_for_slot(job(add_job(whole(unit), 0, purpose)));
        known.names.push_back(unit);
        ++known.units;
    }
    if (known.units > 0) events_.emplace_back(std::move(known));
}

void Run::take(Instant, Job& about, const TestsFound& fact) {
    Attempt& attempt = *about.attempt;
    if (attempt.loaded) return;
    attempt.tests.insert(attempt.tests.end(), fact.tests.begin(), fact.tests.end());
    attempt.states.resize(attempt.tests.size(), TestState::open);
    if (!fact.groups.empty()) {
        attempt.groups.resize(attempt.tests.size() - fact.tests.size());
        attempt.groups.insert(attempt.groups.end(), fact.groups.begin(), fact.groups.end());
    }
    attempt.unstarted = static_cast<std::uint32_t>(attempt.tests.size());
    attempt.deselected += fact.deselected;
    attempt.listed.insert(attempt.listed.end(), fact.listed.begin(), fact.listed.end());
}

// Called at the first fact that comes after all lists.
void Run::loaded(Instant now, Job& about) {
    Attempt& attempt = *about.attempt;
    if (attempt.loaded || about.body.kind != JobKind::unit) return;
    attempt.loaded = true;
    attempt.loaded_at = now;
    if (about.body.selection.mode == Select::only) return;
    events_.emplace_back(UnitLoaded{about.body.unit, attempt.tests, attempt.deselected,
                                    std::exchange(attempt.listed, {}), environment_of(about)});
}

void Run::take(Instant now, Job& about, const Started& fact) {
    loaded(now, about);
    Attempt& attempt = *about.attempt;
    if (fact.test >= attempt.tests.size() || attempt.states[fact.test] != TestState::open) return;
    attempt.states[fact.test] = TestState::running;
    attempt.running = fact.test;
    --attempt.unstarted;
    events_.emplace_back(TestStarted{about.body.unit, attempt.tests[fact.test],
                                     name_of(attempt.slot), environment_of(about)});
}

void Run::take(Instant now, Job& about, const Finished& fact) {
    loaded(now, about);
    Attempt& attempt = *about.attempt;
    if (fact.test >= attempt.tests.size()) return;
    TestState& state = attempt.states[fact.test];
    if (state == TestState::closed) return;
    if (state == TestState::open) {
        --attempt.unstarted;
        events_.emplace_back(TestStarted{about.body.unit, attempt.tests[fact.test],
                                         name_of(attempt.slot), environment_of(about)});
    }
    if (attempt.running == fact.test) attempt.running.reset();
    state = TestState::closed;
    ++attempt.finished;
    TestFinished finished = result_of(about, attempt.tests[fact.test], fact.result);
    if (about.purpose == Purpose::confirm) return settle(now, std::move(finished));
    if (is_doubtful(about, fact.result)) return hold(now, std::move(finished));
    verdict(now, std::move(finished));
}

TestFinished Run::result_of(const Job& about, const TestName& test, TestResult result) const {
    return {.unit = about.body.unit,
            .test = test,
            .worker = name_of(about.attempt->slot),
            .attempt = about.attempt->number,
            .result = std::move(result),
            .environment = environment_of(about)};
}

void Run::verdict(Instant now, TestFinished finished) {
    const bool failure = is_failure(finished.result.outcome);
    events_.emplace_back(std::move(finished));
    if (failure) count_failure(now);
}

void Run::count_failure(Instant now) {
    ++failures_;
    if (spec_.failures_max > 0 && failures_ >= spec_.failures_max) {
        stop(now, after_failures(spec_.failures_max));
    }
}

void Run::blame(Instant now, const Job& about, const TestName& test, Outcome outcome,
                const std::string& when, const std::string& message, bool crashed) {
    Phase phase{.when = when, .category = outcome == Outcome::error ? "error" : "failed"};
    phase.letter = outcome == Outcome::error ? "E" : "F";
    phase.word = outcome == Outcome::error ? "ERROR" : "FAILED";
    phase.text = message;
    phase.message = first_line(message);
    TestResult result{.outcome = outcome, .crashed = crashed};
    result.details = Details{.phases = {std::move(phase)}};
    result.details->domain = test.id;
    verdict(now, result_of(about, test, std::move(result)));
}

void Run::take(Instant now, Job& about, const GaveBack& fact) {
    if (!fact.tests.empty()) loaded(now, about);  // else it may not have begun
    Attempt& attempt = *about.attempt;
    attempt.answered = std::max(attempt.answered, fact.number);
    std::vector<std::uint32_t> given;
    for (const std::uint32_t test : fact.tests) {
        if (test >= attempt.tests.size() || attempt.states[test] != TestState::open) continue;
        attempt.states[test] = TestState::closed;
        --attempt.unstarted;
        given.push_back(test);
    }
    if (given.empty() || stopping() || about.purpose == Purpose::confirm) return;
    add_unit_jobs(about, given, std::max(attempt.takers, 1U), about.losses);
}

void Run::take(Instant now, Job& about, const LateTeardown& fact) {
    const SlotKey key = about.attempt->slot;
    std::optional<TeardownFailed> late = confirmation_.tear_down(
        {about.body.unit, fact.test, name_of(key), fact.phase, environment_of(about)},
        is_collected(key));
    if (late) tear_down(now, std::move(*late));
}

void Run::tear_down(Instant now, TeardownFailed late) {
    events_.emplace_back(std::move(late));
    // Counts as an error beside the verdict, as in pytest, where teardown has a report of its own.
    count_failure(now);
}

void Run::take(Instant, Job& about, const Warned& fact) {
    // Of all that it collects: where those tests run it is told, too.
    if (is_collected(about.attempt->slot) && fact.warning.when != "runtest") return;
    if (about.purpose == Purpose::confirm) return;
    events_.emplace_back(
        WarningSeen{name_of(about.attempt->slot), fact.warning, environment_of(about)});
}

void Run::take(Instant, Job& about, const Noted& fact) {
    events_.emplace_back(NoteSeen{fact.of_run ? "" : name_of(about.attempt->slot), fact.text,
                                  environment_of(about)});
}

void Run::take(Instant, Job& about, const Printed& fact) {
    events_.emplace_back(
        OutputSeen{name_of(about.attempt->slot), fact.stream, fact.text, environment_of(about)});
}

void Run::take(Instant now, Job& about, const ExitAsked& fact) {
    if (about.purpose == Purpose::confirm) return end_confirmation(now, fact.reason);
    stop(now, {.end = RunEnd::exit_asked, .code = fact.code, .reason = fact.reason});
}

void Run::take(Instant now, Job& about, const Ended& fact) {
    if (fact.end == End::refused) {
        const SlotKey key = about.attempt->slot;
        if (is_collected(key)) {
            collect_no_more(now, fact.text);
            lose_slot(now, key, first_line(fact.text));
            return go_on(now);
        }
        const std::uint32_t where = environment_of(about);
        if (!stopping()) {
            withdraw(now, where, {.end = RunEnd::refused, .code = fact.code, .reason = fact.text});
        }
        // It was to end anyway, for another reason.
        if (over_ || !slots_.contains(key)) return;
        lose_slot(now, key, "");
        go_on(now);
        return;
    }
    if (fact.end == End::crashed || fact.end == End::gone) {
        crashed(now, about, fact);
        return;
    }
    if (fact.end == End::lost) {
        const SlotKey lost = about.attempt->slot;
        const std::string why = "lost: " + first_line(fact.text);
        // Counted, since each slot that is started in its place may be lost like that.
        if (!slot(lost).up) requeue(now, about, true, why);
        if (over_) return;
        lose_slot(now, lost, why);
        go_on(now);
        return;
    }
    Attempt& attempt = *about.attempt;
    const SlotKey key = attempt.slot;
    if (fact.end == End::returned) {
        requeue(now, about, false, "");
    } else if (about.body.kind == JobKind::finish) {
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
    } else {
        loaded(now, about);
        if (!fact.missing.empty() || (!fact.text.empty() && attempt.tests.empty())) {
            const std::string why =
                fact.text.empty() ? "was not there when its unit was loaded again" : fact.text;
            give_up(now, about,
                    fact.missing.empty() ? std::vector{TestName{about.body.unit}} : fact.missing,
                    why);
        }
        if (!spec_.collect_only && (attempt.unstarted > 0 || attempt.running)) {
            requeue(now, about, fact.end == End::done, "ended without running all of its tests");
        } else {
            drop_job(about.id);
        }
    }
    go_on(now);
}

void Run::give_up(Instant now, const Job& about, const std::vector<TestName>& tests,
                  const std::string& why) {
    // The whole text for one, its beginning for each of many: thousands of copies would fill the
    // memory.
    const std::string said = tests.size() == 1 ? why : why.substr(0, shared_reason_bytes_max);
    for (const TestName& test : tests) {
        blame(now, about, test, Outcome::error, "setup", said, false);
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
        if (fact.end == End::crashed) {
            session_trouble_ = fmt::format("worker '{}' crashed while it finished{}", name, how);
        }
        drop_job(about.id);
    } else if (attempt.running) {
        const TestName test = attempt.tests[*attempt.running];
        attempt.states[*attempt.running] = TestState::closed;
        attempt.running.reset();
        blame(now, about, test, Outcome::failed, "call",
              fmt::format("worker '{}' crashed while running '{}'{}", name, test.id, how), true);
        requeue(now, about, false, "");
    } else if (fact.end == End::gone) {
        requeue(now, about, false, "");
    } else if (about.body.kind == JobKind::unit && was_up && attempt.tests.empty()) {
        blame(
            now, about, {about.body.unit}, Outcome::error, "collect",
            fmt::format("worker '{}' crashed while collecting '{}'{}", name, about.body.unit, how),
            true);
        drop_job(about.id);
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
    Attempt attempt = std::move(*about.attempt);
    if (about.body.kind == JobKind::finish || stopping()) {
        about.attempt = std::move(attempt);
        drop_job(about.id);
        return;
    }
    about.losses += lost ? 1 : 0;
    const bool too_often = about.losses >= settings_->losses_max;
    about.attempt = attempt;
    if (about.body.kind == JobKind::enumerate && too_often) {
        fail(now, fmt::format("cannot list the tests: {}, {} times", why, about.losses));
        return;
    }
    if (!attempt.loaded) {
        if (too_often) {
            give_up(now, about,
                    about.body.selection.mode == Select::only
                        ? about.body.selection.tests
                        : std::vector{TestName{about.body.unit}},
                    fmt::format("{}, {} times", why, about.losses));
            if (jobs_.contains(about.id)) drop_job(about.id);
            return;
        }
        take_from_slot(about);
        about.attempt.reset();
        wait_for_slot(about);
        return;
    }
    // A test that ran when its worker was lost may be why: it goes on alone, and the others
    // unsuspected.
    std::vector<std::uint32_t> suspects;
    std::vector<std::uint32_t> open;
    for (std::uint32_t i = 0; i < attempt.tests.size(); ++i) {
        if (attempt.states[i] == TestState::running) suspects.push_back(i);
        if (attempt.states[i] == TestState::open) open.push_back(i);
    }
    if (lost && suspects.empty()) std::swap(suspects, open);
    if (too_often) {
        std::vector<TestName> lost_tests;
        for (const std::uint32_t test : suspects) lost_tests.push_back(attempt.tests[test]);
        give_up(now, about, lost_tests, fmt::format("{}, {} times", why, about.losses));
        suspects.clear();
        if (stopping()) open.clear();  // that was one failure too many
    }
    const Job old = about;
    drop_job(about.id);
    add_unit_jobs(old, open, 1, lost ? old.losses - 1 : old.losses);
    add_unit_jobs(old, suspects, 1, old.losses);
}

}  // namespace xgrid::broker
