// How long one slot may take for what it does, and how long it may be stopped.
// Knows nothing of processes: what the slot says and the time go in, what to do about it comes out.
//
// The last of three nets, for a slot that does nothing about its own limit: the runner raises a
// failure inside the test at the limit, and the worker ends the slot when the grace after it is
// over.
#pragma once

#include <optional>
#include <string>

#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::worker {

/// What the user should read, and why the slot is to be ended; each empty most of the time.
struct WatchFindings {
    std::string note;
    std::string end;
};

class Watch {
public:
    Watch() = default;
    /// The slot is about to be started; tests may take `limit`, or 0: as long as they like.
    Watch(Instant now, Duration limit);

    /// Its next job, if any, is what it does from now on.
    void turns_to(Instant now, JobKind kind);
    void idles();
    /// Of the job that it does.
    void hears(Instant now, const Fact& fact);
    /// It has come a step further with what it does, and that is all there is to say.
    void hears_life(Instant now);

    /// The next test may take so long, or 0: as long as it likes.
    void hears_limit(Duration limit) { own_limit_ = limit; }

    void stops(Instant now);
    void goes_on();

    bool starting() const { return doing_ == Doing::start; }
    Instant next_deadline() const;
    /// What has become due; says each thing once.
    WatchFindings advance(Instant now);

private:
    enum class Doing { nothing, start, load, test, between_tests, finish };

    void begin(Instant now, Doing what);
    Duration limit() const;
    Duration allowed() const;
    std::string overdue() const;

    Doing doing_ = Doing::nothing;
    Duration limit_ = Duration(0);
    std::optional<Duration> own_limit_;  // of the test that runs, or comes next
    Instant end_by_ = never;
    Instant note_stop_at_ = never;
    Instant end_stopped_at_ = never;
};

}  // namespace xgrid::worker
