#include "worker/watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace xgrid::worker {
namespace {

// What a test has after its limit to tear down, or to give up whatever keeps it.
constexpr Duration grace_most = std::chrono::seconds(5);
// Interpreters start, and sessions end, with work that is not a test's: loaded machines take long.
constexpr Duration session_allowance = std::chrono::seconds(30);
constexpr Duration stop_noted_after = std::chrono::seconds(2);
constexpr Duration stop_ended_after = std::chrono::seconds(10);

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

Watch::Watch(Instant now, Duration limit) : limit_(limit) { begin(now, Doing::start); }

void Watch::begin(Instant now, Doing what) {
    doing_ = what;
    if (what != Doing::test) own_limit_.reset();
    end_by_ = limit() > Duration(0) && what != Doing::nothing ? now + allowed() : never;
}

Duration Watch::limit() const { return own_limit_.value_or(limit_); }

Duration Watch::allowed() const {
    const Duration most = limit() + std::min(limit(), grace_most);
    return doing_ == Doing::start || doing_ == Doing::finish ? most + session_allowance : most;
}

std::string Watch::overdue() const {
    switch (doing_) {
        case Doing::start: return fmt::format("did not begin within {:g} s", seconds(allowed()));
        case Doing::finish: return fmt::format("did not finish within {:g} s", seconds(allowed()));
        default: return fmt::format("timed out after {:g} s and did not stop", seconds(limit()));
    }
}

void Watch::turns_to(Instant now, JobKind kind) {
    begin(now, kind == JobKind::finish ? Doing::finish : Doing::load);
}

void Watch::idles() { begin({}, Doing::nothing); }

void Watch::hears(Instant now, const Fact& fact) {
    if (std::holds_alternative<Started>(fact)) {
        begin(now, Doing::test);
    } else if (std::holds_alternative<Finished>(fact) ||
               std::holds_alternative<LateTeardown>(fact)) {
        begin(now, Doing::between_tests);
    } else if (std::holds_alternative<UnitsNamed>(fact) ||
               std::holds_alternative<TestsFound>(fact)) {
        hears_life(now);
    }
}

void Watch::hears_life(Instant now) {
    if (doing_ != Doing::test) begin(now, doing_);
}

void Watch::stops(Instant now) {
    note_stop_at_ = now + stop_noted_after;
    end_stopped_at_ = now + stop_ended_after;
}

void Watch::goes_on() { note_stop_at_ = end_stopped_at_ = never; }

Instant Watch::next_deadline() const { return std::min({end_by_, note_stop_at_, end_stopped_at_}); }

WatchFindings Watch::advance(Instant now) {
    WatchFindings found;
    if (now >= std::min(end_by_, end_stopped_at_)) {
        found.end = now >= end_by_ ? overdue()
                                   : fmt::format("was stopped (SIGSTOP) for {:g} s",
                                                 seconds(stop_ended_after));
        idles();
        goes_on();
    } else if (now >= note_stop_at_) {
        note_stop_at_ = never;
        found.note = fmt::format(
            "is stopped by a signal; if it does not go on it is ended {:g} s after that",
            seconds(stop_ended_after));
    }
    return found;
}

}  // namespace xgrid::worker
