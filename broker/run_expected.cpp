// What a run makes of what earlier ones have shown of its tests.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "broker/run.hpp"

namespace xgrid::broker {
namespace {

// A job that takes longer makes the wait for the next one, a message there and back, not matter.
constexpr double soon_seconds = 0.2;

// The user has said in which order files go.
bool is_order_asked_for(const RunSpec& spec) {
    constexpr std::array<std::string_view, 8> words = {
        "--ff", "--failed-first", "--nf",      "--new-first",
        "--sw", "--stepwise",     "--sw-skip", "--stepwise-skip"};
    return std::ranges::any_of(spec.arguments, [&](const std::string& argument) {
        return std::ranges::find(words, argument) != words.end();
    });
}

}  // namespace

std::uint32_t Run::slots_most() const {
    std::uint32_t slots = 0;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        if (places_[i].served) slots += environments_[i].slots;
    }
    return slots;
}

// One slot is done when all are, and keeps to the order that people know.
bool Run::expect(std::vector<ExpectedUnit> units) {
    if (!spec_.distributed || spec_.collect_only || spec_.collect_full) return false;
    if (slots_most() < 2 || is_order_asked_for(spec_) || !units_.empty()) return false;
    outlook_.learn(std::move(units));
    return true;
}

// What goes next may wait there: neither it nor what runs takes long.
bool Run::is_soon_done(SlotKey key) const {
    if (outlook_.empty() || waiting_.empty() || groups_.free() > 0) return true;
    return jobs_.at(slots_.at(key).jobs.front()).rank.seconds <= soon_seconds &&
           jobs_.at(waiting_.front()).rank.seconds <= soon_seconds;
}

bool Run::may_be_split(const Job& held) const {
    return held.body.kind == JobKind::unit && held.purpose == Purpose::test && held.group.empty() &&
           held.needs == nullptr && !keeps_units() && !spec_.collect_only;
}

// Of its open tests, in order, so many as are a fair part for the slot that has them.
std::uint32_t Run::fair_part_of(const Attempt& attempt) {
    if (attempt.seconds.empty()) return attempt.unstarted / (attempt.takers + 1);
    std::vector<double> open;
    for (std::size_t i = 0; i < attempt.states.size(); ++i) {
        if (attempt.states[i] == TestState::open) open.push_back(attempt.seconds[i]);
    }
    return static_cast<std::uint32_t>(fair_part(open, attempt.takers + 1));
}

// A unit that takes longer than all tests shared evenly is shared at once: no order of whole units
// makes up for it.
void Run::split_long_units() {
    const double share = outlook_.seconds() / slots_most();
    for (const std::uint64_t id : std::exchange(long_jobs_, {})) {
        const auto found = jobs_.find(id);
        if (found == jobs_.end() || !found->second.attempt) continue;
        Attempt& attempt = *found->second.attempt;
        if (attempt.asked != attempt.answered || attempt.unstarted_seconds <= share) continue;
        const double shares = std::min(attempt.unstarted_seconds / share, 1.0 * slots_most());
        attempt.takers =
            std::min({static_cast<std::uint32_t>(shares) + 1, slots_most() - 1, attempt.unstarted});
        ask_back(found->second, fair_part_of(attempt));
    }
}

}  // namespace xgrid::broker
