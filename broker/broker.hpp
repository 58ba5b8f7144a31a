// The broker's core: all workers, all runs, and what each peer should hear. Pure: messages and time
// go in, messages come out.
//
// A worker hears orders when something changes for it, and at least once a heartbeat; a client
// hears new events as they come about. Both say what they have in their own time, which repairs
// what was lost.
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

#include "broker/run.hpp"
#include "broker/settings.hpp"
#include "broker/workers.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

/// A connection, as the transport names it.
using PeerId = std::string;

struct Send {
    PeerId peer;
    Message message;
};

struct Effects {
    std::vector<Send> send;
};

class Broker {
public:
    /// `token` is random: no two brokers in the world have the same.
    explicit Broker(std::string token, Settings settings = {});

    /// A peer has a new connection.
    Effects connect(Instant now, const PeerId& from);
    Effects receive(Instant now, const PeerId& from, const Message& message);
    /// What came was no message.
    Effects refuse(const PeerId& from, const std::string& why);
    /// To be called when next_deadline() has passed; early calls change nothing.
    Effects advance(Instant now);
    Instant next_deadline() const;

    /// For judges, and for a loop that wants to know whether it may leave.
    const Run* find_run(const std::string& id) const;
    std::size_t runs() const { return runs_.size(); }

private:
    struct Entry {
        Entry(std::string id, RunSpec spec, std::vector<DoneTest> done, std::uint64_t& next_job,
              const Settings& settings)
            : run(std::move(id), std::move(spec), std::move(done), next_job, settings) {}

        Run run;
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
    void lose_worker(Instant now, WorkerKey key);
    void touch(Entry& entry) { touched_.insert(entry.run.id()); }
    Effects settle(Instant now, Effects effects);
    void give_places(Instant now);
    std::optional<std::pair<WorkerKey, std::uint32_t>> place_for(const Run& run) const;
    std::size_t places_for(const Run& run) const;
    void make_room_for(const Run& run);
    void absorb(Instant now, Entry& entry);
    void forget(const std::string& run);
    void remember_told(Instant now, const std::string& run);
    bool is_told(const std::string& run) const;
    void send_events(Entry& entry, Effects& effects);
    void send_orders(Instant now, WorkerKey key, Effects& effects);

    std::string token_;
    Settings settings_;
    std::uint64_t next_job_ = 1;
    std::uint64_t last_orders_ =
        0;  // of all: a worker that was lost and comes back must not see old numbers
    Workers workers_;
    std::map<WorkerKey, std::map<std::string, std::uint32_t>> used_;  // slots, by run
    std::map<std::string, std::unique_ptr<Entry>> runs_;
    // Runs whose clients have heard the end, and forget them; as long as an echo may come.
    std::deque<std::pair<Instant, std::string>> told_;
    std::set<std::string> hungry_;   // runs that could use more slots
    std::set<std::string> touched_;  // runs that something happened to in this step
    std::set<std::pair<Instant, std::string>> by_due_;
};

}  // namespace xgrid::broker
