// A whole grid in one thread: real cores of broker, workers and clients, every message through the
// real codec, over a network and on slots that are made up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/archive.hpp"
#include "broker/broker.hpp"
#include "client/client.hpp"
#include "tests/simulation/clockwork.hpp"
#include "tests/simulation/demands.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/judges.hpp"
#include "tests/simulation/random.hpp"
#include "tests/simulation/shares.hpp"
#include "tests/simulation/slots.hpp"
#include "tests/simulation/suite.hpp"
#include "worker/worker.hpp"

namespace xgrid::simulation {

struct RunPlan {
    Suite suite;
    RunSpec spec;
    Order order;
    Duration submitted_at{0};
    std::optional<Duration> cancelled_at;           // after that
    std::map<std::uint32_t, Duration> lacking;      // environments, from when on, after that
    std::vector<broker::TestsExpected> expected{};  // what its broker knows of it
};

struct Plan {
    std::uint64_t seed = 1;
    std::size_t workers = 1;
    std::uint32_t slots = 2;  // of each
    std::vector<RunPlan> runs;
    Faults faults;
    broker::Settings broker;
    std::uint64_t audit_every = 1;  // steps of the broker
    std::uint64_t steps_max = 5'000'000;
    /// All runs must be over by then.
    Duration ends_within = seconds(3600);
    std::function<void(const std::string&)> trace;  // a line for each thing that happens
    std::function<double()> cpu_seconds;            // to measure what the broker takes
};

class World {
public:
    explicit World(Plan plan);
    ~World();

    /// Until every run is over and every worker is empty. Throws Broken.
    void run();

    const Told& told(std::size_t run = 0) const { return clients_[run]->told; }
    const Judges& judges() const { return judges_; }
    /// Since the start; when all is over, until it was.
    Duration time() const { return (over_at_ ? *over_at_ : clock_.now()) - start_; }
    std::uint64_t steps() const { return clock_.steps(); }
    std::uint64_t broker_steps() const { return broker_steps_; }
    /// Of the CPU, by the broker's steps, if the plan says how to tell.
    double broker_seconds() const { return broker_seconds_; }

    // ---- For scenarios: what happens when
    void at(Duration when, std::function<void()> happens) {
        clock_.at(start_ + when, std::move(happens));
    }
    void restart_worker(std::size_t worker);
    /// It leaves in order, and starts anew when it is empty.
    void leave_worker(std::size_t worker);
    /// It finishes what runs and then leaves; in any case after so long.
    void drain_worker(std::size_t worker, Duration at_most);
    /// It takes nothing new for so long.
    void sicken_worker(std::size_t worker, Duration lasts);
    /// It is gone and does not come back.
    void kill_worker(std::size_t worker);
    void add_worker();
    void restart_broker();
    /// Its slots are gone at once, through no test's doing.
    void end_interpreter(std::size_t worker);
    void cut_worker(std::size_t worker, Duration lasts);
    void cut_client(std::size_t client, Duration lasts);
    /// It hears nothing for so long, and is heard.
    void deafen_worker(std::size_t worker, Duration lasts);

private:
    // One end of a connection to the broker.
    struct Peer {
        std::string name;        // for the trace
        std::string connection;  // empty: none
        std::uint64_t epoch = 0;
        Instant last_up;  // arrivals keep their order within a connection
        Instant last_down;
        Instant deaf_until;
        Instant armed = never;
        std::function<void(const Message&)> receive;
        std::function<void()> advance;
        std::function<Instant()> deadline;
    };
    struct WorkerHost {
        Peer peer;
        std::optional<worker::Worker> core;
        std::shared_ptr<ModelSlots> slots;
        std::string broker;    // whose orders it follows
        bool listens = false;  // to what is published, as long as the connection lasts
        bool draining = false;
        bool leaving = false;
        std::string session;
        // While the broker knows that it takes nothing new: what there was when it heard so.
        std::optional<std::set<AttemptId>> known;
        std::uint64_t heard = 0;  // the last status that the broker has
    };
    struct ClientHost {
        Peer peer;
        std::optional<client::Client> core;
        Told told;
        std::string run;
        std::string user;
        std::uint64_t had = 0;  // events of the broker that lives now
    };

    void audit();
    void trace(const std::string& line);
    void happens(const std::string& what);  // other than a message, for the trace
    void connect(Peer& peer, Duration delay);
    void disconnect(Peer& peer);
    void to_broker(Peer& peer, const Message& message);
    void expect(const std::string& run);
    void from_broker(const broker::Effects& effects);
    void listen(WorkerHost& host);
    void listen_no_more(WorkerHost& host);
    void publish(const Publication& publication);
    void deliver(Peer& peer, const std::string& connection, const std::vector<std::string>& frames);
    Duration delay() { return random_.between(plan_.faults.delay_least, plan_.faults.delay_most); }
    bool repeats();
    // A copy comes out of order, when much has happened since.
    Duration echo() { return random_.between(Duration(0), plan_.faults.delay_most + seconds(1)); }
    bool faulty() const { return clock_.now() < judges_.faults_end(); }

    void arm(Peer& peer);
    void arm_broker();
    broker::Effects timed(const std::function<broker::Effects()>& step);
    void after_broker(const broker::Effects& effects);
    std::uint64_t facts_taken() const;
    void start_broker();
    void resume_broker();
    std::map<AttemptId, std::string> known_attempts() const;
    void keep(const broker::Effects& effects);
    std::optional<broker::Effects> answer_from_archive(const std::string& from,
                                                       const Message& message) const;
    void start_worker(WorkerHost& host);
    void leave(WorkerHost& host);
    void hears_status(const Peer& peer, const Status& status);
    void sees_orders(const Orders& orders);
    void take(WorkerHost& host, const worker::Effects& effects);
    void start_client(ClientHost& host, const RunPlan& plan);
    void take(ClientHost& host, const client::Effects& effects);
    void plan_faults(Duration every, const std::function<void()>& fault);
    bool over() const;
    void run_until_over();

    Plan plan_;
    Random random_;
    Clockwork clock_;
    Instant start_;
    std::optional<Instant> over_at_;
    Judges judges_;
    Shares shares_;
    Demands demands_;
    Running running_;
    std::optional<broker::Broker> broker_;
    std::string token_;
    std::vector<broker::JournalEntry> journal_;
    std::map<std::string, broker::RunOver> archive_;
    std::uint64_t lives_ = 0;
    bool broker_dies_ = false;
    bool died_within_ = false;
    std::uint64_t broker_steps_ = 0;
    double broker_seconds_ = 0;
    Instant broker_armed_ = never;
    std::uint64_t connections_ = 0;
    std::map<std::string, Peer*> by_connection_;
    std::vector<std::unique_ptr<WorkerHost>> workers_;
    std::vector<std::unique_ptr<ClientHost>> clients_;
};

}  // namespace xgrid::simulation
