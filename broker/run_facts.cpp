// What each fact of an attempt means for its run.
#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "broker/run.hpp"
#include "shared/quarantines.hpp"

namespace xgrid::broker {
namespace {

// Who had nothing to give back is not asked again for that long, which doubles each time.
constexpr Duration ask_pause_least = std::chrono::milliseconds(20);
constexpr Duration ask_pause_most = std::chrono::milliseconds(250);

// What a job may say that waits behind another.
bool comes_before_the_job(const Fact& fact) {
    const auto* gave = std::get_if<GaveBack>(&fact);
    return std::holds_alternative<Ended>(fact) || std::holds_alternative<TreeReady>(fact) ||
           (gave != nullptr && gave->tests.empty());
}

// Or given back: it does not wait there any more.
void count_started(Attempt& attempt, std::uint32_t test) {
    --attempt.unstarted;
    if (!attempt.seconds.empty()) attempt.unstarted_seconds -= attempt.seconds[test];
}

}  // namespace

RunFinished after_failures(std::uint32_t most) {
    return {.end = RunEnd::stopped,
            .code = 1,
            .reason = fmt::format("stopping after {} failures", most)};
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
        if (!about.attempt->ahead) waits_.push_back(now - about.attempt->assigned_at);
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
    const bool need_more = !fact.needs.empty() || !spec_.needs.empty();
    for (std::size_t i = 0; i < fact.units.size(); ++i) {
        const std::string& unit = fact.units[i];
        if (!units_.insert(unit).second) continue;
        if (need_more) {
            needy_.name_unit(unit, i < fact.needs.size() ? fact.needs[i] : UnitNeeds());
        }
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
    attempt.seconds = outlook_.seconds_of(about.body.unit, attempt.tests);
    for (std::size_t i = 0; i < attempt.seconds.size(); ++i) {
        const bool open = attempt.states[i] == TestState::open;
        attempt.unstarted_seconds += open ? attempt.seconds[i] : 0;
    }
    if (about.body.selection.mode == Select::only) return;
    if (!attempt.seconds.empty() && may_be_split(about)) long_jobs_.push_back(about.id);
    events_.emplace_back(UnitLoaded{about.body.unit, attempt.tests, attempt.deselected,
                                    std::exchange(attempt.listed, {}), environment_of(about)});
}

void Run::take(Instant now, Job& about, const Started& fact) {
    loaded(now, about);
    Attempt& attempt = *about.attempt;
    if (fact.test >= attempt.tests.size() || attempt.states[fact.test] != TestState::open) return;
    attempt.states[fact.test] = TestState::running;
    attempt.running = fact.test;
    attempt.running_since = now;
    count_started(attempt, fact.test);
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
        count_started(attempt, fact.test);
        events_.emplace_back(TestStarted{about.body.unit, attempt.tests[fact.test],
                                         name_of(attempt.slot), environment_of(about)});
    }
    if (attempt.running == fact.test) attempt.running.reset();
    state = TestState::closed;
    ++attempt.finished;
    conclude(now, about, result_of(about, attempt.tests[fact.test], fact.result));
}

TestFinished Run::result_of(const Job& about, const TestName& test, TestResult result) const {
    return {
        .unit = about.body.unit,
        .test = test,
        .worker = name_of(about.attempt->slot),
        .attempt = spec_.retries > 0 ? retries_.next(about.body.unit, test) : about.attempt->number,
        .result = std::move(result),
        .environment = environment_of(about)};
}

void Run::verdict(Instant now, TestFinished finished) {
    const bool counts = is_failure(finished.result.outcome) &&
                        quarantine_of(spec_.quarantines, finished.test, finished.result) == nullptr;
    events_.emplace_back(std::move(finished));
    if (counts) count_failure(now);
}

void Run::count_failure(Instant now) {
    ++failures_;
    if (spec_.failures_max > 0 && failures_ >= spec_.failures_max) {
        stop(now, after_failures(spec_.failures_max));
    }
}

void Run::take(Instant now, Job& about, const GaveBack& fact) {
    if (!fact.tests.empty()) loaded(now, about);  // else it may not have begun
    Attempt& attempt = *about.attempt;
    attempt.answered = std::max(attempt.answered, fact.number);
    std::vector<std::uint32_t> given;
    for (const std::uint32_t test : fact.tests) {
        if (test >= attempt.tests.size() || attempt.states[test] != TestState::open) continue;
        attempt.states[test] = TestState::closed;
        count_started(attempt, test);
        given.push_back(test);
    }
    // It may hold what it has not begun for a while: a process that runs many tests, say.
    attempt.ask_pause = given.empty()
                            ? std::clamp(2 * attempt.ask_pause, ask_pause_least, ask_pause_most)
                            : Duration(0);
    attempt.ask_again_at = now + attempt.ask_pause;
    if (given.empty() || stopping() || about.purpose == Purpose::confirm || about.copy_of) return;
    add_unit_jobs(about, given, std::max(attempt.takers, 1U), about.losses);
}

void Run::take(Instant now, Job& about, const LateTeardown& fact) {
    const SlotKey key = about.attempt->slot;
    if (retries_.is_superseded(key, fact.test)) return;
    std::optional<TeardownFailed> late = confirmation_.tear_down(
        {about.body.unit, fact.test, name_of(key), fact.phase, environment_of(about)},
        is_collected(key));
    if (late) tear_down(now, std::move(*late));
}

void Run::take(Instant, Job& about, const LateProperties& fact) {
    const Attempt& attempt = *about.attempt;
    if (fact.test >= attempt.tests.size() || attempt.states[fact.test] != TestState::closed) return;
    const TestName& test = attempt.tests[fact.test];
    if (retries_.is_superseded(attempt.slot, test)) return;
    events_.emplace_back(PropertiesAdded{about.body.unit, test, name_of(attempt.slot),
                                         fact.properties, environment_of(about)});
}

void Run::tear_down(Instant now, TeardownFailed late) {
    const bool counts = quarantine_of(spec_.quarantines, late.test) == nullptr;
    events_.emplace_back(std::move(late));
    // Counts as an error beside the verdict, as in pytest, where teardown has a report of its own.
    if (counts) count_failure(now);
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

}  // namespace xgrid::broker
