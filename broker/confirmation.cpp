#include "broker/confirmation.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace xgrid::broker {

namespace {

std::string why_passed(const TestFinished& first) {
    std::string message;
    if (first.result.details) {
        for (const Phase& phase : first.result.details->phases) {
            if (message.empty()) message = phase.message.substr(0, phase.message.find('\n'));
        }
    }
    return fmt::format(
        "{} passes only where the whole suite has been collected: in {}, which imports only the "
        "files that it runs, it gave '{}'",
        first.test.id, first.worker, message.empty() ? "a failure" : message);
}

}  // namespace

// Where failures end a run they are wanted at once; where everything is collected anyway, or no
// test runs, there is nothing to find out.
Confirmation::Confirmation(const RunSpec& spec, std::uint32_t most)
    : on_(spec.confirm && !spec.collect_full && !spec.collect_only && spec.failures_max == 0),
      counts_results_(spec.retries > 0),
      most_(most) {}

void Confirmation::hold(TestFinished failure) {
    failure.was_failing = true;
    held_.push_back({.failure = {.verdict = std::move(failure)}});
    ++held_ever_;
}

std::map<std::pair<std::uint32_t, std::string>, std::vector<TestName>> Confirmation::take_open() {
    std::map<std::pair<std::uint32_t, std::string>, std::vector<TestName>> open;
    for (Held& held : held_) {
        if (held.in_job) continue;
        held.in_job = true;
        const TestFinished& failure = held.finished();
        open[{failure.environment, failure.unit}].push_back(failure.test);
    }
    return open;
}

void Confirmation::reopen(const std::string& unit, const std::vector<TestName>& tests) {
    for (Held& held : held_) {
        if (held.finished().unit != unit) continue;
        if (std::ranges::find(tests, held.finished().test) != tests.end()) held.in_job = false;
    }
}

std::optional<Confirmation::Failure> Confirmation::release(const DoneTest& test) {
    const auto found = std::ranges::find_if(held_, [&](const Held& held) {
        return held.finished().unit == test.unit && held.finished().test == test.test;
    });
    if (found == held_.end()) return std::nullopt;
    Failure failure = std::move(found->failure);
    held_.erase(found);
    return failure;
}

std::optional<Confirmation::Settled> Confirmation::settle(TestFinished second) {
    std::optional<Failure> first = release({second.unit, second.test});
    const bool passes = first && !is_failure(second.result.outcome);
    (passes ? passed_ : stood_).insert(second.test);
    if (!first) return std::nullopt;
    if (!passes) return Settled{.result = std::move(*first)};
    second.was_failing = true;
    if (counts_results_) second.attempt = first->verdict.attempt + 1;
    return Settled{.result = {.verdict = std::move(second)}, .why = why_passed(first->verdict)};
}

std::optional<TeardownFailed> Confirmation::tear_down(TeardownFailed late, bool collected) {
    if ((collected ? stood_ : passed_).contains(late.test)) return std::nullopt;
    const auto found = std::ranges::find_if(
        held_, [&](const Held& held) { return held.finished().test == late.test; });
    if (found == held_.end()) return late;
    found->failure.late.push_back(std::move(late));
    return std::nullopt;
}

std::vector<Confirmation::Failure> Confirmation::end() {
    on_ = false;
    std::vector<Failure> failures;
    for (Held& held : std::exchange(held_, {})) failures.push_back(std::move(held.failure));
    return failures;
}

}  // namespace xgrid::broker
