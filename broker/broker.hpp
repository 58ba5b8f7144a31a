// The broker's core: all workers, all runs, and what each peer should hear. Pure: messages and time
// go in, messages come out.
//
// A worker hears orders when something changes for it, and at least once a heartbeat; a client
// hears new events as they come about. Both say what they have in their own time, which repairs
// what was lost.
//
// What a run of each environment gives to its workers is published, as far as they listen; what
// they do not say in time that they have heard is sent to them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/announcements.hpp"
#include "broker/fair_share.hpp"
#include "broker/followers.hpp"
#include "broker/grid_locks.hpp"
#include "broker/incidents.hpp"
#include "broker/measures.hpp"
#include "broker/run.hpp"
#include "broker/settings.hpp"
#include "broker/steps.hpp"
#include "broker/submission.hpp"
#include "broker/workers.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"
#include "shared/topics.hpp"

namespace xgrid::broker {

/// A connection, as the transport names it.
using PeerId = std::string;

struct Send {
    PeerId peer;
    Message message;
};

struct Effects {
    std::vector<JournalEntry> journal;  // to be kept before anything is sent
    std::vector<Send> send;
    std::vector<Publication> publish;
};

class Broker {
public:
    /// `token` is random: no two brokers in the world have the same.
    explicit Broker(std::string token, Settings settings = {});

    /// What it was when it had taken these, in the order in which they came about; in its n-th
    /// life, and when runs up to that number had been begun. Returns what cannot be taken up again:
    /// that, too, is to be kept.
    Effects restore(Instant now, std::uint64_t life, std::uint64_t runs,
                    const std::vector<JournalEntry>& entries);

    /// A peer has a new connection.
    Effects connect(Instant now, const PeerId& from);
    Effects receive(Instant now, const PeerId& from, const Message& message);
    /// What is said on that connection does not count any more: a worker that was heard on it is
    /// lost.
    Effects drop(Instant now, const PeerId& peer);
    /// What came was no message.
    Effects refuse(const PeerId& from, const std::string& why);
    /// Whom answers name as a worker's user, told from its connection.
    void tell_users(std::function<std::string(const PeerId&)> user_of) {
        user_of_ = std::move(user_of);
    }
    /// What is known of that run's tests; as soon as it is submitted, if at all.
    Effects expect(Instant now, const std::string& run, std::vector<TestsExpected> tests);
    /// Somebody listens to that topic from now on; nobody does any more.
    Effects subscribed(const std::string& topic);
    void unsubscribed(const std::string& topic);
    /// To be called when next_deadline() has passed; early calls change nothing.
    Effects advance(Instant now);
    Instant next_deadline() const;

    /// What is asked for, which changes nothing.
    Answer ask(Instant now, const Ask& ask) const;
    /// From now on.
    void set_shares(ShareRules shares) { shares_.set_rules(std::move(shares)); }

    /// For whoever watches over it.
    Counts counts() const;
    const Measures& measures() const { return measures_; }

    /// For judges, and for a loop that wants to know whether it may leave.
    const Submission* find(const std::string& id) const;
    /// The only one whose id begins like that.
    const Submission* find_beginning(const std::string& id) const;
    /// The only one of its lanes, or the one of that environment.
    const Run* find_run(const std::string& id, std::uint32_t environment = 0) const;
    std::size_t runs() const { return runs_.size(); }

private:
    struct Entry {
        Entry(Instant now, std::uint64_t number, const Submit& message, const Settings& settings)
            : number(number),
              next_job(number << 32 | 1),
              run(message.run, message.spec, message.done, next_job, settings),
              order(message.order),
              epoch(message.epoch),
              submitted_at(now) {}

        std::uint64_t number;    // of all runs
        std::uint64_t next_job;  // so that no two runs use a number twice
        Submission run;
        Order order;
        std::uint64_t epoch;  // in which the client submitted it
        Instant submitted_at;
        Instant over_at = never;
        Followers followers;
        std::map<std::uint32_t, std::string> lacking;  // environments, as its client has said
        Instant due = never;                           // under which by_due_ lists it
        std::map<Outcome, std::uint64_t> measured;     // verdicts that measures_ has
        bool had_slot = false;
    };

    void take(Instant now, const PeerId& from, const Submit& message, Effects& effects);
    void take(Instant now, const PeerId& from, const Follow& message, Effects& effects);
    void take(Instant now, const PeerId& from, const Cancel& message, Effects& effects);
    void take(Instant now, const PeerId& from, const Ask& message, Effects& effects);
    void take(Instant now, const PeerId& from, const Attach& message, Effects& effects);
    void take(Instant now, const PeerId& from, const Status& message, Effects& effects);

    bool perform(Instant now, Entry& entry, Step step);
    void keep(JournalEntry entry) { journal_.push_back(std::move(entry)); }
    bool keeps(const Entry& entry) const { return settings_.journal && entry.order.stays; }
    void hear_client(Instant now, const PeerId& from, Entry& entry);
    const Entry* entry_beginning(const std::string& id) const;
    void remember_worker(const Entry& entry, WorkerKey key);
    void keep_over(Instant now, const Entry& entry);
    void retake(Instant now, const RunBegun& begun);
    void retake(Instant now, const RunStep& step);
    void retake(Instant now, const RunOver& over);
    void retake(Instant now, const WorkerCame& came);
    void retake(Instant now, const WorkerGone& gone);
    void give_up(Instant now, const Entry& entry);
    bool record(Instant now, WorkerKey key, const AttemptStatus& attempt);
    void lose_worker(Instant now, WorkerKey key, const std::string& why);
    void take_back(Instant now, WorkerKey key);
    void suspect(Instant now, WorkerKey key, const std::string& run);
    void touch(Entry& entry) { touched_.insert(entry.run.id()); }
    void touch(const std::set<std::string>& runs);
    Effects settle(Instant now, Effects effects);
    void measure(Entry& entry);
    void measure_slot(Instant now, Entry& entry);
    static void leave_unmeasured(Entry& entry);

    struct Spot {
        std::uint32_t lane = 0;
        WorkerKey worker = 0;
        std::uint32_t environment = 0;
    };
    struct Held {
        std::uint32_t lane = 0;
        SlotKey slot = 0;
        WorkerKey worker = 0;
        std::size_t jobs = 0;
    };
    void give_places(Instant now);
    std::optional<Spot> place_for(const Submission& run) const;
    bool may_have_more(const Entry& entry) const;
    std::size_t places_for(const Entry& entry, const Run& lane) const;
    std::optional<Spot> awaited_place(const Submission& run) const;
    std::size_t places_there(const Entry& entry, const Run& lane) const;
    std::size_t places_elsewhere(const Entry& entry, const Run& lane) const;
    std::optional<Spot> place_in(const Run& lane, std::uint32_t place,
                                 std::optional<WorkerKey> without) const;
    void schedule(Instant now, Entry& entry, std::uint32_t lane);
    void make_room(Instant now);
    bool make_room_for(Instant now, const std::string& poor, FairShare& planned,
                       std::map<std::string, std::vector<Held>>& held);
    FairShare after_leaving(Instant now) const;
    static std::vector<Held> slots_to_ask(const Submission& run);
    bool would_do(WorkerKey worker, const Submission& run) const;
    Claim claim_of(const Entry& entry) const;
    void absorb(Instant now, Entry& entry);
    void count_slots(const Entry& entry, WorkerKey key);
    Instant lease_end(const Entry& entry) const;
    void forget(const std::string& run);
    void remember_told(Instant now, const std::string& run);
    bool is_told(const std::string& run) const;
    static void send_events(Entry& entry, Effects& effects);
    void send_orders(Instant now, WorkerKey key, Effects& effects);
    Orders orders_for(WorkerKey key, bool published) const;
    static void add_orders(const Worker& worker, WorkerKey key, const Run& lane, Orders& orders);
    Orders announcement(const std::string& topic) const;
    bool listens(WorkerKey key) const;
    bool knows(const Worker& worker, const std::string& run, bool published) const;
    void announce_runs(WorkerKey key, Effects& effects);
    void hear_acknowledged(Instant now, WorkerKey key);

    std::string token_;
    Settings settings_;
    std::function<std::string(const PeerId&)> user_of_;
    std::uint64_t next_run_ = 0;
    std::vector<JournalEntry> journal_;  // of this step
    std::set<WorkerKey> kept_workers_;   // that the journal knows
    // While it is restored: runs by their numbers, and those that cannot go on.
    std::map<std::uint64_t, std::string> by_number_;
    std::set<std::uint64_t> broken_;
    std::uint64_t last_orders_ =
        0;  // of all: a worker that was lost and comes back must not see old numbers
    Workers workers_;
    Incidents incidents_;
    Announcements announcements_;
    std::map<WorkerKey, std::map<std::string, std::uint32_t>> used_;  // slots, by run
    std::map<std::string, std::unique_ptr<Entry>> runs_;
    // Runs whose clients have heard the end, and forget them; as long as an echo may come.
    std::deque<std::pair<Instant, std::string>> told_;
    FairShare shares_;
    GridLocks grid_locks_;
    Measures measures_;
    Instant room_at_;                // slots were asked for, the last time
    Instant room_due_ = never;       // when that may be of use again
    std::set<std::string> touched_;  // runs that something happened to in this step
    std::set<std::pair<Instant, std::string>> by_due_;
};

}  // namespace xgrid::broker
