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

bool is_failure(Outcome outcome) { return outcome == Outcome::failed || outcome == Outcome::error; }

// Where failures end a run they are wanted at once; where everything is collected anyway, or no
// test runs, there is nothing to find out.
Confirmation::Confirmation(const RunSpec& spec, std::uint32_t most)
    : on_(spec.confirm && !spec.collect_full && !spec.collect_only && spec.failures_max == 0),
      most_(most) {}

void Confirmation::hold(TestFinished failure) {
    failure.was_failing = true;
    held_.push_back({.failure = std::move(failure)});
    ++held_ever_;
}

std::map<std::string, std::vector<TestName>> Confirmation::take_open() {
    std::map<std::string, std::vector<TestName>> open;
    for (Held& held : held_) {
        if (held.in_job) continue;
        held.in_job = true;
        open[held.failure.unit].push_back(held.failure.test);
    }
    return open;
}

void Confirmation::reopen(const std::string& unit, const std::vector<TestName>& tests) {
    for (Held& held : held_) {
        if (held.failure.unit != unit) continue;
        if (std::ranges::find(tests, held.failure.test) != tests.end()) held.in_job = false;
    }
}

std::optional<TestFinished> Confirmation::release(const DoneTest& test) {
    const auto found = std::ranges::find_if(held_, [&](const Held& held) {
        return held.failure.unit == test.unit && held.failure.test == test.test;
    });
    if (found == held_.end()) return std::nullopt;
    TestFinished failure = std::move(found->failure);
    held_.erase(found);
    return failure;
}

std::optional<Confirmation::Settled> Confirmation::settle(TestFinished second) {
    const DoneTest test{second.unit, second.test};
    std::optional<TestFinished> first = release(test);
    if (!first) return std::nullopt;
    if (is_failure(second.result.outcome)) return Settled{.verdict = std::move(*first)};
    passed_.insert(test);
    second.was_failing = true;
    return Settled{.verdict = std::move(second), .why = why_passed(*first)};
}

std::vector<TestFinished> Confirmation::end() {
    on_ = false;
    std::vector<TestFinished> failures;
    for (Held& held : std::exchange(held_, {})) failures.push_back(std::move(held.failure));
    return failures;
}

}  // namespace xgrid::broker
