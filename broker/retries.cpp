#include "broker/retries.hpp"

namespace xgrid::broker {

std::uint32_t Retries::next(const std::string& unit, const TestName& test) const {
    const auto found = held_.find({unit, test});
    return found == held_.end() ? 1 : found->second.results + 1;
}

bool Retries::holds(const std::string& unit, const TestName& test) const {
    return held_.contains({unit, test});
}

void Retries::hold(SlotKey slot, TestFinished failure) {
    superseded_.emplace(slot, failure.test);
    failure.was_failing = true;
    Held& held = held_[{failure.unit, failure.test}];
    held.results = failure.attempt;
    held.failure = std::move(failure);
}

void Retries::count(SlotKey slot, const std::string& unit, const TestName& test) {
    superseded_.emplace(slot, test);
    ++held_.at({unit, test}).results;
}

std::optional<TestFinished> Retries::release(const std::string& unit, const TestName& test) {
    const auto found = held_.find({unit, test});
    if (found == held_.end()) return std::nullopt;
    TestFinished failure = std::move(found->second.failure);
    held_.erase(found);
    return failure;
}

std::vector<TestFinished> Retries::end() {
    on_ = false;
    std::vector<TestFinished> failures;
    for (auto& [test, held] : std::exchange(held_, {})) failures.push_back(std::move(held.failure));
    return failures;
}

}  // namespace xgrid::broker
