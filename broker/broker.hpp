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
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/announcements.hpp"
#include "broker/run.hpp"
#include "broker/settings.hpp"
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
    std::vector<Send> send;
    std::vector<Publication> publish;
};

class Broker {
public:
    /// `token` is random: no two brokers in the world have the same.
    explicit Broker(std::string token, Settings settings = {});

    /// A peer has a new connection.
    Effects connect(Instant now, const PeerId& from);
    Effects receive(Instant now, const PeerId& from, const Message& message);
    /// What is said on that connection does not count any more: a worker that was heard on it is
    /// lost.
    Effects drop(Instant now, const PeerId& peer);
    /// What came was no message.
    Effects refuse(const PeerId& from, const std::string& why);
    /// Somebody listens to that topic from now on; nobody does any more.
    Effects subscribed(const std::string& topic);
    void unsubscribed(const std::string& topic);
    /// To be called when next_deadline() has passed; early calls change nothing.
    Effects advance(Instant now);
    Instant next_deadline() const;

    /// For judges, and for a loop that wants to know whether it may leave.
    const Submission* find(const std::string& id) const;
    /// The only one of its lanes, or the one of that environment.
    const Run* find_run(const std::string& id, std::uint32_t environment = 0) const;
    std::size_t runs() const { return runs_.size(); }

private:
    struct Entry {
        Entry(std::string id, RunSpec spec, std::vector<DoneTest> done, std::uint64_t& next_job,
              const Settings& settings)
            : run(std::move(id), std::move(spec), std::move(done), next_job, settings) {}

        Submission run;
        PeerId client;
        Instant client_heard_at;
        std::uint64_t client_had = 0;  // at its last follow
        std::uint64_t epoch = 0;       // in which the client submitted it
        Instant due = never;           // under which by_due_ lists it
    };

    void take(Instant now, const PeerId& from, const Submit& message, Effects& effects);
    void take(Instant now, const PeerId& from, const Follow& message, Effects& effects);
    void take(Instant now, const PeerId& from, const Cancel& message, Effects& effects);
    void take(Instant now, const PeerId& from, const Status& message, Effects& effects);

    void hear_client(Instant now, const PeerId& from, Entry& entry);
    bool record(Instant now, WorkerKey key, const AttemptStatus& attempt);
    void lose_worker(Instant now, WorkerKey key, const std::string& why);
    void touch(Entry& entry) { touched_.insert(entry.run.id()); }
    Effects settle(Instant now, Effects effects);
    void give_places(Instant now);
    struct Spot {
        Run* lane = nullptr;
        WorkerKey worker = 0;
        std::uint32_t environment = 0;
    };
    std::optional<Spot> place_for(const Submission& run) const;
    std::size_t places_for(const Run& run) const;
    void make_room_for(const Submission& run);
    void absorb(Instant now, Entry& entry);
    void forget(const std::string& run);
    void remember_told(Instant now, const std::string& run);
    bool is_told(const std::string& run) const;
    void send_events(Entry& entry, Effects& effects);
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
    std::uint64_t next_job_ = 1;
    std::uint64_t last_orders_ =
        0;  // of all: a worker that was lost and comes back must not see old numbers
    Workers workers_;
    Announcements announcements_;
    std::map<WorkerKey, std::map<std::string, std::uint32_t>> used_;  // slots, by run
    std::map<std::string, std::unique_ptr<Entry>> runs_;
    // Runs whose clients have heard the end, and forget them; as long as an echo may come.
    std::deque<std::pair<Instant, std::string>> told_;
    std::set<std::string> hungry_;   // runs that could use more slots
    std::set<std::string> touched_;  // runs that something happened to in this step
    std::set<std::pair<Instant, std::string>> by_due_;
};

}  // namespace xgrid::broker
