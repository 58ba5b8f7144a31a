// Copies of tests that run for long at a run's end, in slots that would be idle: the first result
// is the test's, and the slot where it runs beside that is ended. A copy that comes to nothing,
// even by a crash, says nothing; if the first one is lost, the copy is what is left of it.
#include <algorithm>
#include <chrono>
#include <utility>

#include "broker/run.hpp"

namespace xgrid::broker {
namespace {

// What runs shorter is not worth a copy.
constexpr Duration late_least = std::chrono::seconds(1);
// It runs that many times as long as it was expected to.
constexpr double late_factor = 2;

Instant late_at(const Attempt& attempt) {
    const double expected = attempt.seconds.empty() ? 0 : attempt.seconds[*attempt.running];
    const std::chrono::duration<double> late(late_factor * expected);
    return attempt.running_since + std::max(late_least, std::chrono::duration_cast<Duration>(late));
}

}  // namespace

// The last test of its job runs, and may run beside itself.
bool Run::may_be_copied(const Job& held) const {
    if (held.body.kind != JobKind::unit || held.purpose != Purpose::test) return false;
    if (held.again || held.copy || held.copy_of || held.needs != nullptr) return false;
    return held.attempt && held.attempt->running && held.attempt->unstarted == 0 &&
           !held.attempt->copied;
}

void Run::begin_copies(Instant now) {
    if (!spec_.duplicate_tail || spec_.grouping != Grouping::none || !enumerated_) return;
    if (waiting_anywhere() > 0) return;
    for (auto& [id, held] : jobs_) {
        if (idle_.empty()) return;
        if (!may_be_copied(held)) continue;
        if (const Instant late = late_at(*held.attempt); now < late) {
            rebalance_at_ = std::min(rebalance_at_, late);
            continue;
        }
        const SlotKey here = held.attempt->slot;
        const auto where = choose(idle_, {.slot = here, .worker = slot(here).worker}, false).any();
        held.attempt->copied = true;
        JobBody body{.kind = JobKind::unit, .unit = held.body.unit};
        body.selection = {.mode = Select::only,
                          .tests = {held.attempt->tests[*held.attempt->running]}};
        held.copy = add_job(std::move(body), 0);
        job(*held.copy).copy_of = id;
        hand_out(now, *held.copy, *where);
    }
}

// A test has a result: what runs it elsewhere is ended.
void Run::end_copy(Instant now, Job& about) {
    const std::optional<std::uint64_t> other = about.copy ? about.copy : about.copy_of;
    if (!other) return;
    about.copy.reset();
    about.copy_of.reset();
    const SlotKey key = job(*other).attempt->slot;
    drop_job(*other);
    lose_slot(now, key, "");
}

// Without a result.
void Run::drop_copy(Job& copy) {
    job(*copy.copy_of).copy.reset();
    drop_job(copy.id);
}

void Run::copy_ended(Instant now, Job& copy, const Ended& fact) {
    const SlotKey key = copy.attempt->slot;
    drop_copy(copy);
    const bool slot_lives =
        fact.end == End::done || fact.end == End::stopped || fact.end == End::returned;
    if (!slot_lives) lose_slot(now, key, fact.text.substr(0, fact.text.find('\n')));
    go_on(now);
}

// It is lost, and its copy is not.
void Run::leave_to_copy(Job& about, bool lost) {
    Job& copy = job(*about.copy);
    copy.copy_of.reset();
    copy.losses = about.losses + (lost ? 1 : 0);
    drop_job(about.id);
}

}  // namespace xgrid::broker
