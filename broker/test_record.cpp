#include "broker/test_record.hpp"

#include <algorithm>

namespace xgrid::broker {
namespace {

// Of what a new verdict says of the test's duration; the older ones have the rest.
constexpr double newest_counts = 0.3;
// Fewer verdicts do not tell how often a test fails.
constexpr std::ptrdiff_t evidence_least = 5;

}  // namespace

// What is skipped, or expected to fail, says neither.
bool says_passed(Outcome outcome) { return outcome == Outcome::passed; }
bool says_failed(Outcome outcome) {
    return outcome == Outcome::failed || outcome == Outcome::error;
}

void TestRecord::add(const Seen& seen, std::uint64_t at,
                     const std::function<bool(std::int64_t origin)>& same) {
    const double took = seen.microseconds / 1e6;
    seconds = verdicts == 0 ? took : seconds + newest_counts * (took - seconds);
    if (verdicts == 0) first_seen = at;
    last_seen = std::max(last_seen, at);
    ++verdicts;
    if (says_failed(seen.outcome)) ++failures;
    for (const Seen& older : last) {
        const bool both = (says_passed(seen.outcome) && says_failed(older.outcome)) ||
                          (says_failed(seen.outcome) && says_passed(older.outcome));
        if (!both || !same(older.origin)) continue;
        const bool passed = says_passed(seen.outcome);
        proofs.insert(proofs.begin(), {.passed = passed ? seen.origin : older.origin,
                                       .failed = passed ? older.origin : seen.origin,
                                       .at = at});
        // The first one stays: it says since when.
        if (proofs.size() > kept_proofs_max) proofs.erase(proofs.end() - 2);
        break;
    }
    last.insert(last.begin(), seen);
    if (last.size() > kept_verdicts_max) last.pop_back();
}

bool TestRecord::failed() const {
    const auto found = std::ranges::find_if(last, [](const Seen& seen) {
        return says_passed(seen.outcome) || says_failed(seen.outcome);
    });
    return found != last.end() && says_failed(found->outcome);
}

Flaky TestRecord::flaky() const {
    if (!proofs.empty()) return Flaky::proved;
    return turns() > 0 ? Flaky::suspected : Flaky::no;
}

std::optional<double> TestRecord::failing_share() const {
    const auto failed =
        std::ranges::count_if(last, [](const Seen& seen) { return says_failed(seen.outcome); });
    const auto passed =
        std::ranges::count_if(last, [](const Seen& seen) { return says_passed(seen.outcome); });
    if (failed + passed < evidence_least) return std::nullopt;
    return static_cast<double>(failed) / static_cast<double>(failed + passed);
}

std::size_t TestRecord::turns() const {
    std::size_t turns = 0;
    const Seen* after = nullptr;
    for (const Seen& seen : last) {
        if (!says_passed(seen.outcome) && !says_failed(seen.outcome)) continue;
        if (after != nullptr && says_failed(after->outcome) != says_failed(seen.outcome)) ++turns;
        after = &seen;
    }
    return turns;
}

}  // namespace xgrid::broker
