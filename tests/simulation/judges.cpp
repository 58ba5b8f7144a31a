#include "tests/simulation/judges.hpp"

#include <deque>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace xgrid::simulation {
namespace {

std::optional<std::uint32_t> environment_of(const Event& event) {
    return std::visit(
        [](const auto& one) -> std::optional<std::uint32_t> {
            if constexpr (requires { one.environment; }) return one.environment;
            return std::nullopt;
        },
        event);
}

}  // namespace

void Judges::begins(const std::string& broker, AttemptId attempt) {
    check(begun_.emplace(broker, attempt).second, "an attempt begins at most once");
}

double Judges::executes(const std::string& broker, AttemptId attempt, const std::string& unit,
                        const ModelTest& test, bool fails, std::uint32_t environment) {
    check(executed_.emplace(broker, attempt, test.name).second,
          "an attempt runs each of its tests at most once");
    std::optional<Outcome> outcome = fails ? Outcome::failed : Outcome::passed;
    if (test.behaviour == Behaviour::crashes || test.behaviour == Behaviour::hangs) outcome.reset();
    executions_.push_back({broker, attempt, unit, test.name, outcome, environment});
    return static_cast<double>(executions_.size());
}

void Judges::test_crashes(const std::string& unit, const TestName& test) {
    crashed_.insert({unit, test});
    slot_crashes("a slot crashes at a test");
}

void Judges::slot_crashes(const std::string& how) {
    ++crashes_;
    notes(how);
}

void Judges::runs_of_group(const GroupOf& group, std::uint64_t slot, const DoneTest& test) {
    GroupOf where = group;
    if (!each_.contains(group.run)) where.environment = 0;
    // What has failed runs again alone, where there is a slot.
    if (!ran_in_group_.emplace(where, test).second) return;
    std::uint64_t& last = slots_of_groups_[where];
    check(last == 0 || last == slot || ended_slots_.contains(last) || workers_are_lost_,
          fmt::format("tests that stay together run in one slot while it lives: {}", group.group));
    if (last == slot) notes("a slot goes on with a group");
    last = slot;
}

void Judges::refuses(const std::string& run, const std::string& why, std::int32_t code) {
    refused_.emplace(run, why, code);
    // What other slots run there runs again in other environments.
    if (!each_.contains(run)) may_lose_workers();
    notes("a slot refuses to begin");
}

void Judges::tears_down_late(double stamp) {
    Execution& execution = executions_.at(static_cast<std::size_t>(stamp) - 1);
    check(!std::exchange(execution.torn_down_late, true), "a teardown fails once");
    notes("a teardown fails late");
}

void Judges::sees_progress(const std::string& broker, const Progress& progress) {
    std::uint64_t& seen = seen_[{broker, progress.run}];
    check(progress.first <= seen, "the broker leaves no gap that it does not fill from the start");
    for (std::size_t i = 0; i < progress.events.size(); ++i) {
        if (progress.first + i < seen) continue;
        ++seen;
        ++sent_[progress.run];
        const Event& event = progress.events[i];
        const auto* failing = std::get_if<TestFailing>(&event);
        if (failing != nullptr) sees_failing(broker, progress.run, *failing);
        const auto* finished = std::get_if<TestFinished>(&event);
        if (finished != nullptr) sees_verdict(broker, progress.run, *finished);
    }
}

Judges::TestOf Judges::test_of(const std::string& broker, const std::string& run,
                               DoneTest test) const {
    if (!each_.contains(run)) test.environment = 0;
    return {broker, run, std::move(test)};
}

// That is confirmed is no more of a result than the first one of it.
void Judges::sees_failing(const std::string& broker, const std::string& run,
                          const TestFailing& event) {
    const TestOf test = test_of(broker, run, {event.unit, event.test, event.environment});
    check(!verdicts_.contains(test), "what has its verdict does not run again");
    const auto most = retries_.find(run);
    if (!event.retried || most == retries_.end()) return;
    std::uint32_t& results = results_[test];
    check(++results == event.attempt, "results of a test are numbered");
    check(results <= most->second, "a test runs again as often as its run allows, and no more");
}

void Judges::sees_verdict(const std::string& broker, const std::string& run,
                          const TestFinished& event) {
    const TestOf test = test_of(broker, run, {event.unit, event.test, event.environment});
    check(verdicts_.insert(test).second,
          fmt::format("a broker gives each test one verdict: {} has two", event.test.id));
    const auto stamp = static_cast<std::size_t>(event.result.seconds[1]);
    if (stamp == 0 || stamp > executions_.size()) return;
    const Execution& execution = executions_[stamp - 1];
    check(execution.broker == broker, "a broker records what was done for it");
    const auto results = results_.find(test);
    const bool is_again = retries_.contains(run);
    check(is_again || execution.attempt.number == event.attempt,
          "a result is of the attempt that it names");
    const std::uint32_t before = results == results_.end() ? 0 : results->second;
    const bool last_held = before > 0 && before == event.attempt;  // it could not run again
    check(!is_again || last_held || event.attempt > before, "a verdict is of the last result");
}

void Judges::hears(Told& told, const Event& event) {
    check(!told.end, "nothing follows the end of a run");
    check(++told.events <= sent_[told.run], "a client hears each event once");
    const std::optional<std::uint32_t> where = environment_of(event);
    check(!told.each || !where || !told.ended.contains(*where),
          "nothing is told of an environment after its end");
    if (const auto* finished = std::get_if<TestFinished>(&event)) hears_verdict(told, *finished);
    if (const auto* ended = std::get_if<EnvironmentEnded>(&event)) {
        check(told.ended.emplace(ended->environment, ended->end).second,
              "an environment ends once");
        notes("an environment ends");
    }
    if (const auto* failing = std::get_if<TestFailing>(&event)) hears_failing(told, *failing);
    if (const auto* late = std::get_if<TeardownFailed>(&event)) hears_late(told, *late);
    if (const auto* loaded = std::get_if<UnitLoaded>(&event)) {
        for (const TestName& test : loaded->tests) {
            const bool is_new =
                told.named.insert({loaded->unit, test, told.apart(loaded->environment)}).second;
            check(is_new || !told.only_collects, "a test that is only collected is named once");
        }
    }
    check(!told.only_collects || !std::holds_alternative<TestStarted>(event),
          "no test starts where they are only collected");
    if (const auto* note = std::get_if<NoteSeen>(&event)) {
        if (note->text.starts_with("failures are not confirmed")) {
            told.gave_up_confirming = true;
            notes("confirming is given up");
        }
    }
    if (const auto* up = std::get_if<WorkerUp>(&event)) told.workers.insert(up->worker);
    if (const auto* down = std::get_if<WorkerDown>(&event)) {
        if (down->reason.starts_with("crashed")) {
            ++told.crashes;
            check(++crashes_told_ <= crashes_, "a slot is said to have crashed if it has");
        }
        if (down->reason.starts_with("lost")) told.workers_lost.push_back(down->worker);
    }
    if (const auto* end = std::get_if<RunFinished>(&event)) {
        told.end = *end;
        if (told.each) {
            check(told.ended.size() == told.lanes, "each environment ends before its run");
            notes("a run of each environment is over");
        }
        if (end->end == RunEnd::refused) {
            check(refused_.contains({told.run, end->reason, end->code}),
                  "a run is refused with the code and reason of a slot that refused it");
            notes("a run is refused");
        }
        if (end->end == RunEnd::completed) notes("a run is completed");
        if (end->end == RunEnd::stopped) notes("a run is stopped at a limit");
        if (end->end == RunEnd::cancelled) notes("a run is cancelled");
        if (end->end == RunEnd::grid_failed) notes("a run fails with its grid");
    }
}

void Judges::hears_failing(Told& told, const TestFailing& event) {
    check(told.confirms || event.retried, "nothing is confirmed in a run that has it switched off");
    check(told.retries > 0 || !event.retried, "nothing runs again in a run without retries");
    const DoneTest test{event.unit, event.test, told.apart(event.environment)};
    check(!told.verdicts.contains(test), "what has its verdict does not run again");
    const auto stamp = static_cast<std::size_t>(event.result.seconds[1]);
    check(event.result.outcome == Outcome::failed, "only what has failed runs again");
    check(stamp == 0 || (stamp <= executions_.size() &&
                         executions_[stamp - 1].outcome == event.result.outcome),
          "a failure that is not final is what an execution gave");
    told.failing.insert(test);
    ++failing_;
    if (!event.retried) return;
    ++told.run_again[test];
    notes("a test runs again");
    if (event.result.crashed) notes("a test that crashed runs again");
}

void Judges::hears_verdict(Told& told, const TestFinished& event) {
    const std::uint32_t where = told.apart(event.environment);
    const bool is_new =
        told.verdicts.emplace(DoneTest{event.unit, event.test, where}, event).second;
    check(is_new, fmt::format("a client hears one verdict per test: {} has two", event.test.id));
    const TestResult& result = event.result;
    const auto stamp = static_cast<std::size_t>(result.seconds[1]);
    const ModelTest* test = told.suite->find(event.unit, event.test);
    if (stamp > 0) {
        check(stamp <= executions_.size(), "a result is of an execution");
        const Execution& execution = executions_[stamp - 1];
        check(execution.unit == event.unit && execution.test == event.test,
              "a recorded result is of the test that it is told of");
        check(execution.environment == event.environment,
              "a result is told of the environment where its test ran");
        check(execution.outcome == result.outcome, "a recorded result is what that execution gave");
        if (event.was_failing) {
            check(told.failing.contains({event.unit, event.test, where}),
                  "a verdict that was held back was told as failing before");
            const bool failed = result.outcome == Outcome::failed;
            const bool is_flaky = test != nullptr && test->behaviour == Behaviour::flaky;
            if (failed) notes("a failure stands");
            if (!failed) notes(is_flaky ? "a flaky test passes" : "a test passes after all");
        }
        return;
    }
    check(result.details && !result.details->phases.empty(), "who made no result says why");
    const std::string& why = result.details->phases.front().message;
    if (result.crashed) {
        check(why.find("'" + event.test.id + "'") != std::string::npos, "a crash names its test");
        if (test != nullptr) {
            check(crashed_.contains({event.unit, event.test}),
                  "only a test that has crashed is blamed for it");
            check(result.outcome == Outcome::failed, "a test that crashes has failed");
        } else {
            const auto unit = told.suite->units.find(event.unit);
            check(unit != told.suite->units.end() && unit->second.load_crashes,
                  "only a unit that crashes is blamed for it");
        }
        return;
    }
    check(workers_are_lost_,
          fmt::format("nobody is given up without a fault: {}: {}", event.test.id, why));
    check(why.find(" times") != std::string::npos, "who is given up was lost several times");
    notes("a test is given up");
}

void Judges::hears_late(Told& told, const TeardownFailed& event) const {
    const std::size_t stamp = event.phase.line;
    check(stamp > 0 && stamp <= executions_.size(), "a teardown is of an execution");
    const Execution& execution = executions_[stamp - 1];
    check(execution.test == event.test && execution.torn_down_late,
          "a teardown is told of the test whose it was");
    check(told.torn_down.insert(stamp).second, "a teardown that failed late is told once");
}

// Of what counted, all; of what did not, none.
void Judges::ends_torn_down(const Told& told) const {
    std::size_t counted = 0;
    for (const auto& [test, verdict] : told.verdicts) {
        const auto stamp = static_cast<std::size_t>(verdict.result.seconds[1]);
        if (stamp == 0 || !executions_[stamp - 1].torn_down_late) continue;
        ++counted;
        check(told.torn_down.contains(stamp),
              "a teardown that failed late is told: " + test.test.id);
    }
    check(counted == told.torn_down.size(),
          "a teardown is told only of the execution whose result counts");
}

// Whatever it gave on the way, it failed each time.
void Judges::ends_failed(const Told& told) const {
    for (const auto& [test, verdict] : told.verdicts) {
        const auto again = told.run_again.find(test);
        const std::uint32_t times = again == told.run_again.end() ? 0 : again->second;
        const bool is_test = told.suite->find(test.unit, test.test) != nullptr;
        if (!is_test || verdict.result.outcome != Outcome::failed) continue;
        check(times == told.retries,
              fmt::format("a test has failed when it has run as often as it may: {} has run again "
                          "{} times",
                          test.test.id, times));
    }
}

// Where it has not failed.
void Judges::audit_again(const broker::Run& run) const {
    const bool held_back = run.spec().grouping != Grouping::none || run.resources().runs_alone();
    if (run.waiting_again().empty() || held_back || run.end()) return;
    const broker::Again& again = *run.find(run.waiting_again().front())->again;
    for (const auto& [key, slot] : run.slots()) {
        const bool free = slot.jobs.empty() && !run.retiring().contains(key) &&
                          !run.kept().is_kept(key) && !run.kept().holds(slot.worker);
        check(!free || slot.worker == again.worker || slot.collected != again.collected,
              "a test that is to run again does not wait while a slot of another worker is idle");
    }
}

void Judges::audit_copy(const broker::Run& run, std::uint64_t id, const broker::Job& copy) {
    notes("a test has a copy");
    check(run.spec().duplicate_tail, "there are copies only in a run that wants them");
    const broker::Job* first = run.find(*copy.copy_of);
    check(first != nullptr && first->copy == id, "a copy is that of an open job, which knows it");
    check(copy.attempt && first->attempt && copy.attempt->slot != first->attempt->slot,
          "a copy runs in another slot");
    check(
        first->attempt->running && copy.body.selection.tests ==
                                       std::vector{first->attempt->tests[*first->attempt->running]},
        "a copy is of the test that runs");
}

// An open test is with exactly one slot, beside its copy, or waits exactly once.
void Judges::audit(const broker::Run& run) {
    std::set<std::uint64_t> placed;
    const std::vector<std::uint64_t> with_groups = run.groups().waiting();
    const std::deque<std::uint64_t> grouped(with_groups.begin(), with_groups.end());
    std::vector<const std::deque<std::uint64_t>*> queues = {
        &run.waiting(), &grouped, &run.waiting_collected(), &run.waiting_again()};
    for (std::uint32_t i = 0; i < run.environments().size(); ++i) {
        queues.push_back(&run.waiting_collected_in(i));
    }
    for (const auto& [order, kind] : run.needy().kinds()) queues.push_back(&kind.jobs);
    for (const auto& [slot, jobs] : run.needy().of_slots()) queues.push_back(&jobs);
    for (const auto* waiting : queues) {
        for (const std::uint64_t job : *waiting) {
            check(placed.insert(job).second, "a job waits once");
            check(run.find(job) != nullptr && !run.find(job)->attempt,
                  "a job that waits has no attempt");
        }
    }
    audit_again(run);
    std::set<std::uint32_t> collecting;
    for (const auto& [key, slot] : run.slots()) {
        check(slot.jobs.size() <= 2, "a slot holds the job it runs and one ahead");
        check(!slot.collected || collecting.insert(slot.environment).second,
              "one slot of a run's environment collects everything");
        for (const std::uint64_t job : slot.jobs) {
            check(placed.insert(job).second, "a job is in one place");
            const broker::Job* held = run.find(job);
            check(held != nullptr && held->attempt && held->attempt->slot == key,
                  "a job that a slot holds has its attempt there");
            check(held->purpose == broker::Purpose::test || slot.collected,
                  "what needs everything collected is in a slot that has done so");
        }
    }
    check(placed.size() == run.jobs().size(), "every open job is somewhere");
    for (const auto& [key, slot] : run.slots()) {
        // For a unit that needs more than a slot.
        const bool held = run.kept().is_kept(key) || run.kept().holds(slot.worker) ||
                          run.resources().runs_alone();
        if (held) continue;
        const bool free = !run.waiting().empty() || run.groups().free() > 0;
        check(!free || run.retiring().contains(key) || !slot.jobs.empty(),
              "no slot is idle while a job waits");
        const bool waits =
            !run.waiting_collected().empty() || !run.waiting_collected_in(slot.environment).empty();
        check(!waits || run.retiring().contains(key) || !slot.jobs.empty() || !slot.collected,
              "the slot that collects everything is not idle while a job waits for it");
    }
    std::set<DoneTest> open;
    for (const auto& [id, job] : run.jobs()) {
        if (job.copy_of) {
            audit_copy(run, id, job);
            continue;
        }
        const auto add = [&](const TestName& test) {
            check(open.insert({job.body.unit, test}).second,
                  fmt::format("an open test is in one place: {} is in two", test.id));
        };
        if (job.attempt && job.attempt->loaded) {
            for (std::size_t i = 0; i < job.attempt->tests.size(); ++i) {
                if (job.attempt->states[i] != broker::TestState::closed) add(job.attempt->tests[i]);
            }
        } else if (job.body.selection.mode == Select::only) {
            for (const TestName& test : job.body.selection.tests) add(test);
        }
    }
}

void Judges::ends(const Told& told) {
    check(told.end.has_value(), "every run ends");
    check(told.ends.contains(told.end->end),
          "a run ends for a reason that it has, not: " + told.end->reason);
    // Whatever became of the others.
    for (const auto& [environment, end] : told.ended) {
        if (told.each && end == RunEnd::completed) ends_in(told, environment);
    }
    if (told.end->end != RunEnd::completed) return;
    if (!workers_are_lost_) {
        ends_torn_down(told);
        ends_failed(told);
    }
    if (told.only_collects) notes("a run is only collected");
    for (std::uint32_t i = 0; i < told.lanes; ++i) ends_in(told, i);
}

void Judges::ends_in(const Told& told, std::uint32_t where) const {
    for (const auto& [name, unit] : told.suite->units) {
        const bool unit_blamed = told.verdicts.contains({name, {name}, where});
        if (unit.load_crashes) check(unit_blamed, "a unit that cannot be loaded is an error");
        if (unit_blamed) continue;
        for (const ModelTest& test : unit.tests) {
            if (told.only_collects) {
                check(told.named.contains({name, test.name, where}),
                      "where tests are only collected each is named: " + test.name.id);
                continue;
            }
            const auto verdict = told.verdicts.find({name, test.name, where});
            check(verdict != told.verdicts.end(),
                  fmt::format("every test has a verdict: {} #{} has none", test.name.id,
                              test.name.occurrence));
            // Unless something went wrong.
            const bool promised = told.confirms && !told.gave_up_confirming && !workers_are_lost_;
            check(!promised || test.behaviour != Behaviour::fails_alone ||
                      verdict->second.result.outcome == Outcome::passed,
                  "what passes where everything is collected has passed: " + test.name.id);
        }
    }
}

void Judges::ends_all(std::uint64_t tests) const {
    check(workers_are_lost_ || may_copy_ || executions_.size() <= tests + failing_,
          "no test runs twice unless it is confirmed or copied, or a worker is lost");
}

}  // namespace xgrid::simulation
