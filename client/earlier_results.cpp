#include "client/earlier_results.hpp"

#include <utility>

namespace xgrid::client {

void EarlierResults::add(const TestFailing& failing, std::uint32_t environment) {
    Kept& kept = kept_[{failing.unit, failing.test, environment}];
    kept.again = failing.retried;
    if (failing.retried) kept.results.push_back(failing);
}

void EarlierResults::add(const TestFinished& finished, std::uint32_t environment) {
    last_ = {};
    const auto found = kept_.find({finished.unit, finished.test, environment});
    if (found != kept_.end()) {
        last_ = std::move(found->second);
        kept_.erase(found);
    }
    const Outcome outcome = finished.result.outcome;
    flaky_ = last_.again && (outcome == Outcome::passed || outcome == Outcome::xfailed ||
                             outcome == Outcome::xpassed);
}

}  // namespace xgrid::client
