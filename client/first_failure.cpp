#include "client/first_failure.hpp"

#include <algorithm>

namespace xgrid::client {

void FirstFailure::add(Instant now, const Event& event) {
    if (const auto* failing = std::get_if<TestFailing>(&event)) {
        // Of several times that it has failed, the first one.
        failing_.try_emplace({failing->unit, failing->test, failing->environment}, now);
        return;
    }
    if (std::holds_alternative<TeardownFailed>(event)) {
        final_ = std::min(final_.value_or(now), now);
        return;
    }
    const auto* finished = std::get_if<TestFinished>(&event);
    if (finished == nullptr) return;
    Instant seen = now;
    const auto before = failing_.find({finished->unit, finished->test, finished->environment});
    if (before != failing_.end()) {
        seen = before->second;
        failing_.erase(before);
    }
    const Outcome outcome = finished->result.outcome;
    if (outcome != Outcome::failed && outcome != Outcome::error) return;
    final_ = std::min(final_.value_or(seen), seen);
}

std::optional<Instant> FirstFailure::seen_at() const {
    std::optional<Instant> first = final_;
    for (const auto& [test, seen] : failing_) first = std::min(first.value_or(seen), seen);
    return first;
}

}  // namespace xgrid::client
