// Who is there: each worker's session, slots and last word. Knows nothing of runs or tests.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/job.hpp"
#include "broker/labels.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

struct Worker {
    std::string session;
    std::string peer;    // the connection it was last heard on
    std::string called;  // as it says; others may be called the same
    std::string name;    // as users know it: that one, or `called-2` and so on
    std::string host;
    std::string version;
    std::string trouble;  // why it takes nothing new; empty: it does
    bool drains = false;
    Instant suspended_until;  // it is given nothing before that, whatever it says
    std::string suspended;    // ... and why
    Labels labels;
    std::uint32_t slots = 0;
    std::uint32_t used = 0;  // of its slots, by runs
    std::uint64_t last_status = 0;
    std::set<std::string> runs;  // whose specification it is known to have
    std::set<AttemptId> shown;   // attempts that it is known to hold
    bool follows = false;        // this broker's orders
    // Of what was published: the last number that it has heard of each topic, and of its own the
    // last that there was, and when it should have said so of the first that it has not.
    std::map<std::string, std::uint64_t> heard;
    std::uint64_t published = 0;
    Instant answer_due = never;
    bool deaf = false;  // it did not say so in time
    Instant heard_at;
    Instant orders_due = never;
};

/// It may be given slots to run.
bool takes_new(const Worker& worker);
/// It has left in order, and is only remembered.
bool has_left(const Worker& worker);
/// It is what somebody wants who wants these labels.
bool does_for(const Worker& worker, const Labels& wanted);
/// Why it takes nothing new, as users are told; empty: it does.
std::string trouble_of(const Worker& worker);

class Workers {
public:
    /// The worker of that session, new or known; nullptr if the status is older than its last one.
    Worker* hear(Instant now, const std::string& peer, const Status& status, WorkerKey& key);

    /// One that was known before this broker began, and has to be heard again.
    void restore(Instant now, WorkerKey key, const std::string& session, const std::string& host,
                 const std::string& name);

    Worker& at(WorkerKey key) { return workers_.at(key); }
    const std::map<WorkerKey, Worker>& all() const { return workers_; }

    /// Of those that have all these labels, without that one, the worker with the most free slots,
    /// the oldest of those; none: all their slots are taken.
    std::optional<WorkerKey> freest(const Labels& labels = {},
                                    std::optional<WorkerKey> without = {}) const;
    std::size_t free_slots(const Labels& labels) const;
    /// Those of them that are not that worker's.
    std::size_t free_slots_beside(WorkerKey worker, const Labels& labels) const;
    std::size_t free_slots() const { return free_slots_; }

    void take_slots(WorkerKey key, std::uint32_t used);
    /// It is given nothing new for so long.
    void suspend(WorkerKey key, Instant until, const std::string& why);
    /// Those whose time is over may be given something again.
    void end_suspensions(Instant now);

    /// Orders are to go out to it by then.
    void plan_orders(WorkerKey key, Instant due);
    /// Those whose orders are due.
    std::vector<WorkerKey> due(Instant now) const;

    /// Those that were silent for longer than the lease.
    std::vector<WorkerKey> silent(Instant now, Duration lease) const;
    void remove(WorkerKey key);

    Instant next_deadline(Duration lease) const;

private:
    static std::uint32_t free_of(const Worker& worker);
    template <class Change>
    void change(WorkerKey key, const Change& change);
    void list(WorkerKey key);
    void unlist(WorkerKey key);
    void call(WorkerKey key, const std::string& name);
    void tell_apart(const std::string& name);
    const std::set<WorkerKey>& called(const std::string& name) const;

    std::map<WorkerKey, Worker> workers_;
    std::map<std::string, WorkerKey> by_session_;
    std::map<std::string, std::set<WorkerKey>> by_name_;  // as they are called
    std::set<std::pair<Instant, WorkerKey>> by_heard_;
    std::set<std::pair<Instant, WorkerKey>> by_due_;
    std::set<std::pair<Instant, WorkerKey>> by_suspended_;  // until when
    // Those with free slots, by what they are labelled: few kinds, however many workers.
    struct Kind {
        std::set<std::pair<std::int64_t, WorkerKey>> by_free;  // minus free slots
        std::size_t free_slots = 0;
    };
    std::map<Labels, Kind> kinds_;
    std::size_t free_slots_ = 0;
    WorkerKey next_ = 1;
};

}  // namespace xgrid::broker
