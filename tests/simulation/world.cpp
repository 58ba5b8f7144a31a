#include "tests/simulation/world.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/environment.hpp"
#include "tests/simulation/trace.hpp"

namespace xgrid::simulation {
namespace {

bool is_refused(const RunPlan& run) {
    return std::ranges::count(run.spec.arguments, refused_argument) > 0;
}

// The ends that a run may come to.
std::set<RunEnd> ends_of(const RunPlan& run, const Faults& faults) {
    std::set<RunEnd> ends{is_refused(run) ? RunEnd::refused : RunEnd::completed};
    if (faults.refuses > 0) ends.insert(RunEnd::refused);
    // A client that is cut off for long is taken for gone.
    if (run.cancelled_at || faults.partition_every.count() > 0) ends.insert(RunEnd::cancelled);
    if (run.spec.failures_max > 0) ends.insert(RunEnd::stopped);
    if (!run.lacking.empty()) ends.insert(RunEnd::grid_failed);
    // One environment may refuse while another goes on.
    if (run.spec.each && faults.refuses > 0) ends.insert(RunEnd::grid_failed);
    return ends;
}

std::string arrow(const std::string& from, const std::string& to, const std::string& what,
                  bool lost) {
    return fmt::format("{:>9} -> {:<9} {}{}", from, to, lost ? "LOST " : "", what);
}

}  // namespace

World::World(Plan plan)
    : plan_(std::move(plan)),
      random_(plan_.seed),
      start_(clock_.now()),
      judges_(start_ + plan_.faults.last) {
    if (plan_.trace) plan_.trace(describe(plan_));
    start_broker();
    for (std::size_t i = 0; i < plan_.workers; ++i) add_worker();
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
        ClientHost& host = *clients_.emplace_back(std::make_unique<ClientHost>());
        host.peer.name = fmt::format("client {}", i);
        host.run = fmt::format("run{}", i);
        host.told.run = host.run;
        host.told.suite = &plan_.runs[i].suite;
        const RunSpec& spec = plan_.runs[i].spec;
        host.told.confirms = spec.confirm && spec.failures_max == 0;
        host.told.only_collects = spec.collect_only;
        host.told.retries = spec.retries;
        if (spec.retries > 0) judges_.runs_again(host.run, spec.retries);
        if (spec.duplicate_tail) judges_.may_copy();
        host.told.each = spec.each;
        if (spec.each) {
            host.told.lanes = static_cast<std::uint32_t>(environments_of(spec).size());
            judges_.runs_in_each(host.run);
        }
        host.told.ends = ends_of(plan_.runs[i], plan_.faults);
        clock_.after(plan_.runs[i].submitted_at,
                     [this, &host, i] { start_client(host, plan_.runs[i]); });
        for (const auto& [environment, when] : plan_.runs[i].lacking) {
            clock_.after(plan_.runs[i].submitted_at + when, [this, &host, environment] {
                if (host.core->over()) return;
                // What runs there runs again in the others.
                if (!host.told.each) judges_.may_lose_workers();
                happens(fmt::format("{} lacks environment {}", host.peer.name, environment));
                judges_.notes("an environment is lacking");
                take(host, host.core->lacks(clock_.now(), environment, "it is not there"));
            });
        }
        if (plan_.runs[i].cancelled_at) {
            clock_.after(plan_.runs[i].submitted_at + *plan_.runs[i].cancelled_at, [this, &host] {
                if (host.core->over()) return;
                happens(host.peer.name + " cancels its run");
                take(host, host.core->cancel(clock_.now()));
            });
        }
    }
    const Faults& faults = plan_.faults;
    judges_.is_exact(
        faults.last.count() == 0 && std::ranges::none_of(plan_.runs, [](const RunPlan& run) {
            return run.cancelled_at || run.spec.failures_max > 0 || !run.lacking.empty();
        }));
    // All of these may leave the broker without a word of a worker for long.
    if (faults.loss > 0 || faults.partition_every.count() > 0) judges_.may_lose_workers();
    plan_faults(faults.broker_restart_every, [this] { restart_broker(); });
    plan_faults(faults.worker_restart_every,
                [this] { restart_worker(random_.below(workers_.size())); });
    plan_faults(faults.worker_leave_every,
                [this] { leave_worker(random_.below(workers_.size())); });
    plan_faults(faults.worker_drain_every, [this] {
        drain_worker(random_.below(workers_.size()), random_.between(Duration(0), seconds(10)));
    });
    plan_faults(faults.worker_sick_every, [this] {
        sicken_worker(random_.below(workers_.size()), random_.between(Duration(0), seconds(5)));
    });
    plan_faults(faults.interpreter_death_every,
                [this] { end_interpreter(random_.below(workers_.size())); });
    plan_faults(faults.partition_every, [this] {
        const Duration lasts = random_.between(milliseconds(10), 2 * plan_.faults.partition_lasts);
        const std::size_t who = random_.below(workers_.size() + clients_.size());
        if (who < workers_.size()) return cut_worker(who, lasts);
        cut_client(who - workers_.size(), lasts);
    });
    plan_faults(faults.reconnect_every, [this] {
        const std::size_t who = random_.below(workers_.size() + clients_.size());
        if (who < workers_.size()) return cut_worker(who, milliseconds(5));
        cut_client(who - workers_.size(), milliseconds(5));
    });
}

World::~World() {
    for (const auto& host : workers_) host->slots->die();
}

void World::trace(const std::string& line) {
    if (!plan_.trace) return;
    plan_.trace(fmt::format("{:9.4f}  {}", std::chrono::duration<double>(time()).count(), line));
}

void World::happens(const std::string& what) { trace("*** " + what); }

void World::plan_faults(Duration every, const std::function<void()>& fault) {
    if (every.count() == 0) return;
    clock_.after(random_.between(Duration(1), 2 * every), [this, every, fault] {
        if (!faulty()) return;
        fault();
        plan_faults(every, fault);
    });
}

bool World::over() const {
    return std::ranges::all_of(clients_,
                               [](const auto& host) { return host->core && host->core->over(); }) &&
           std::ranges::all_of(workers_,
                               [](const auto& host) {
                                   return !host->core ||
                                          (host->slots->alive() == 0 && host->core->empty() &&
                                           host->core->held().empty());
                               }) &&
           broker_->runs() == 0;
}

void World::run_until_over() {
    while (!over()) {
        judges_.check(clock_.step(), "as long as a run is open, something is due");
        judges_.check(time() < plan_.ends_within,
                      "once faults stop every run ends, and nobody holds anything of it");
        judges_.check(clock_.steps() < plan_.steps_max, "a grid gets on with few steps");
    }
}

void World::run() {
    do {
        over_at_.reset();
        run_until_over();
        over_at_ = clock_.now();
        // What comes late should start nothing.
        const Instant quiet = clock_.now() + plan_.faults.delay_most + seconds(2);
        while (clock_.now() < quiet && clock_.step()) continue;
    } while (!over());
    std::uint64_t tests = 0;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        Told& told = clients_[i]->told;
        if (judges_.workers_are_lost()) told.ends.insert(RunEnd::grid_failed);
        if (told.crashes > plan_.runs[i].spec.crashes_max) told.ends.insert(RunEnd::stopped);
        judges_.ends(told);
        tests += plan_.runs[i].suite.tests() * told.lanes;
    }
    judges_.ends_all(tests);
}

// ---- The network

void World::connect(Peer& peer, Duration delay) {
    const std::uint64_t epoch = ++peer.epoch;
    clock_.after(delay, [this, &peer, epoch] {
        if (peer.epoch != epoch) return;
        peer.connection = fmt::format("c{}", ++connections_);
        by_connection_[peer.connection] = &peer;
        happens(peer.name + " connects as " + peer.connection);
        after_broker(timed([&] { return broker_->connect(clock_.now(), peer.connection); }));
    });
}

void World::disconnect(Peer& peer) {
    ++peer.epoch;
    by_connection_.erase(peer.connection);
    peer.connection.clear();
    for (const auto& host : workers_) {
        if (&host->peer == &peer) listen_no_more(*host);
    }
}

void World::listen(WorkerHost& host) {
    clock_.after(random_.between(Duration(0), plan_.faults.listens_within),
                 [this, &host, connection = host.peer.connection] {
                     if (connection.empty() || host.peer.connection != connection) return;
                     host.listens = true;
                     for (const std::string& topic : host.core->topics()) {
                         after_broker(broker_->subscribed(topic));
                     }
                 });
}

void World::listen_no_more(WorkerHost& host) {
    if (!std::exchange(host.listens, false) || !host.core) return;
    for (const std::string& topic : host.core->topics()) {
        const bool others = std::ranges::any_of(workers_, [&](const auto& other) {
            return other->listens && std::ranges::count(other->core->topics(), topic) > 0;
        });
        if (!others) broker_->unsubscribed(topic);
    }
}

void World::publish(const Publication& publication) {
    if (const auto* orders = std::get_if<Orders>(&publication.message)) sees_orders(*orders);
    const std::vector<std::string> frames = encode(publication);
    for (const auto& host : workers_) {
        if (!host->listens || clock_.now() < host->peer.deaf_until) continue;
        if (std::ranges::count(host->core->topics(), publication.topic) == 0) continue;
        const bool lost = faulty() && random_.chance(plan_.faults.publication_loss);
        const bool late = faulty() && random_.chance(plan_.faults.publication_late);
        if (plan_.trace) {
            trace(arrow("topic", host->peer.name, describe(publication.message), lost));
        }
        judges_.notes(lost ? "a publication is lost" : "a publication is heard");
        if (lost) continue;
        if (late) judges_.notes("a publication is late");
        const auto arrive = [this, &worker = *host, frames, session = host->session] {
            if (!worker.listens || worker.session != session) return;
            Result<Publication> heard = decode_publication({frames.begin(), frames.end()});
            judges_.check(static_cast<bool>(heard), "what is published can be decoded");
            take(worker, worker.core->receive(clock_.now(), *heard));
            arm(worker.peer);
        };
        clock_.after(late ? echo() : delay(), arrive);
    }
}

bool World::repeats() {
    const bool so = faulty() && random_.chance(plan_.faults.repeat);
    if (so) judges_.notes("a message is repeated");
    return so;
}

void World::to_broker(Peer& peer, const Message& message) {
    if (peer.connection.empty()) return;
    const bool lost = faulty() && random_.chance(plan_.faults.loss);
    if (plan_.trace) trace(arrow(peer.name, "broker", describe(message), lost));
    if (lost) return judges_.notes("a message is lost");
    const std::vector<std::string> frames = encode(message);
    const auto arrive = [this, &peer, frames, from = peer.connection, life = lives_] {
        if (life != lives_ || peer.connection != from) return;
        Result<Message> message = decode({frames.begin(), frames.end()});
        judges_.check(static_cast<bool>(message), "what is encoded can be decoded");
        if (const auto answer = answer_from_archive(from, *message)) return from_broker(*answer);
        const auto* status = std::get_if<Status>(&*message);
        if (status != nullptr) hears_status(peer, *status);
        const bool is_foreign = status != nullptr && status->broker != token_;
        const std::uint64_t before = is_foreign ? facts_taken() : 0;
        const auto* submit = std::get_if<Submit>(&*message);
        const bool begins = submit != nullptr && broker_->find(submit->run) == nullptr;
        const broker::Effects effects =
            timed([&] { return broker_->receive(clock_.now(), from, *message); });
        judges_.check(!is_foreign || facts_taken() == before,
                      "what was done for another broker is no fact here");
        after_broker(effects);
        if (begins) expect(submit->run);
    };
    peer.last_up = std::max(peer.last_up, clock_.now() + delay());
    clock_.at(peer.last_up, arrive);
    if (repeats()) clock_.after(echo(), arrive);
}

// As the broker's loop does.
void World::expect(const std::string& run) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        if (clients_[i]->run != run || plan_.runs[i].expected.empty()) continue;
        judges_.notes("a run has expectations");
        after_broker(
            timed([&] { return broker_->expect(clock_.now(), run, plan_.runs[i].expected); }));
    }
}

void World::from_broker(const broker::Effects& effects) {
    for (const Publication& publication : effects.publish) publish(publication);
    for (const broker::Send& send : effects.send) {
        if (const auto* orders = std::get_if<Orders>(&send.message)) sees_orders(*orders);
        const auto found = by_connection_.find(send.peer);
        if (found == by_connection_.end()) continue;
        Peer& peer = *found->second;
        if (const auto* progress = std::get_if<Progress>(&send.message)) {
            judges_.sees_progress(token_, *progress);
        }
        const bool is_deaf = clock_.now() < peer.deaf_until;
        const bool lost = is_deaf || (faulty() && random_.chance(plan_.faults.loss));
        if (plan_.trace) trace(arrow("broker", peer.name, describe(send.message), lost));
        if (lost) {
            judges_.notes("a message is lost");
            continue;
        }
        const std::vector<std::string> frames = encode(send.message);
        const auto arrive = [this, &peer, frames, to = peer.connection] {
            deliver(peer, to, frames);
        };
        peer.last_down = std::max(peer.last_down, clock_.now() + delay());
        clock_.at(peer.last_down, arrive);
        if (repeats()) clock_.after(echo(), arrive);
    }
}

void World::deliver(Peer& peer, const std::string& connection,
                    const std::vector<std::string>& frames) {
    if (peer.connection != connection) return;
    Result<Message> message = decode({frames.begin(), frames.end()});
    judges_.check(static_cast<bool>(message), "what is encoded can be decoded");
    judges_.check(!std::holds_alternative<Refusal>(*message), "nobody is refused");
    peer.receive(*message);
    arm(peer);
}

// ---- Clocks of the cores

void World::arm(Peer& peer) {
    const Instant due = peer.deadline();
    if (due >= peer.armed) return;
    peer.armed = due;
    clock_.at(due, [this, &peer, due] {
        if (peer.armed != due) return;
        peer.armed = never;
        peer.advance();
        arm(peer);
    });
}

void World::arm_broker() {
    const Instant due = broker_->next_deadline();
    if (due >= broker_armed_) return;
    broker_armed_ = due;
    clock_.at(due, [this, due] {
        if (broker_armed_ != due) return;
        broker_armed_ = never;
        after_broker(timed([&] { return broker_->advance(clock_.now()); }));
    });
}

// Of all runs, by the broker: grows with each.
std::uint64_t World::facts_taken() const {
    std::uint64_t taken = 0;
    for (const auto& client : clients_) {
        const broker::Submission* run = broker_->find(client->run);
        if (run == nullptr) continue;
        taken += run->events().size();
        for (const auto& lane : run->lanes()) {
            for (const auto& [id, job] : lane->jobs()) {
                taken += job.attempt ? job.attempt->recorded : 0;
            }
        }
    }
    return taken;
}

broker::Effects World::timed(const std::function<broker::Effects()>& step) {
    if (!plan_.cpu_seconds) return step();
    const double began = plan_.cpu_seconds();
    broker::Effects effects = step();
    broker_seconds_ += plan_.cpu_seconds() - began;
    return effects;
}

void World::after_broker(const broker::Effects& effects) {
    const bool mortal = plan_.broker.journal && faulty() && !broker_dies_;
    if (mortal && random_.chance(plan_.faults.broker_dies_within)) {
        const bool kept = random_.chance(0.5);
        if (kept) keep(effects);
        judges_.notes(kept ? "the broker dies with a step kept" : "the broker dies within a step");
        broker_dies_ = true;
        died_within_ = true;
    }
    if (broker_dies_) {
        // Not within a call of what goes.
        clock_.after(Duration(0), [this] {
            if (std::exchange(broker_dies_, false)) restart_broker();
        });
        return;
    }
    keep(effects);
    if (++broker_steps_ % plan_.audit_every == 0) audit();
    from_broker(effects);
    arm_broker();
}

void World::audit() {
    std::vector<UsersRun> runs;
    std::vector<const broker::Submission*> known;
    for (const auto& client : clients_) {
        const broker::Submission* run = broker_->find(client->run);
        if (run == nullptr) continue;
        judges_.check(run->events().first() <= client->had,
                      "a broker keeps each event until its client has it");
        for (const auto& lane : run->lanes()) judges_.audit(*lane);
        runs.push_back({run, client->user});
        known.push_back(run);
    }
    if (!known.empty()) demands_.look(judges_, clock_.now(), plan_.runs.front().suite, known);
    shares_.look(judges_, clock_.now(), runs, plan_.broker.shares);
}

// ---- Broker, workers, clients

void World::start_broker() {
    token_ = fmt::format("broker {}", ++lives_);
    happens(token_ + " starts");
    for (const auto& host : workers_) {
        host->listens = false;
        host->known.reset();
        host->heard = 0;
    }
    broker_.emplace(token_, plan_.broker);
    shares_.forget();
    demands_.forget();
    broker_armed_ = never;
    for (const auto& client : clients_) client->had = 0;
}

void World::keep(const broker::Effects& effects) {
    journal_.insert(journal_.end(), effects.journal.begin(), effects.journal.end());
    for (const broker::JournalEntry& entry : effects.journal) {
        const auto* over = std::get_if<broker::RunOver>(&entry);
        if (over == nullptr) continue;
        const bool is_new = archive_.emplace(over->summary.run, *over).second;
        judges_.check(is_new, "a run is over once");
    }
}

// As the loop does for runs that its broker has forgotten.
std::optional<broker::Effects> World::answer_from_archive(const std::string& from,
                                                          const Message& message) const {
    const std::string* run = broker::run_asked_for(message);
    const auto found = run == nullptr ? archive_.end() : archive_.find(*run);
    if (found == archive_.end() || broker_->find(*run) != nullptr) return std::nullopt;
    broker::Effects effects;
    if (auto answer = broker::answer_for(found->second, message)) {
        effects.send.push_back({from, *std::move(answer)});
    }
    return effects;
}

// What it knows of the attempts of all runs.
std::map<AttemptId, std::string> World::known_attempts() const {
    std::map<AttemptId, std::string> known;
    for (const auto& client : clients_) {
        const broker::Submission* run = broker_->find(client->run);
        if (run == nullptr) continue;
        for (const auto& lane : run->lanes()) {
            for (const auto& [id, job] : lane->jobs()) {
                if (!job.attempt) continue;
                const broker::Attempt& attempt = *job.attempt;
                known[{id, attempt.number}] =
                    fmt::format("slot {}, {} facts, {} tests, {} unstarted, runs {}", attempt.slot,
                                attempt.recorded, attempt.tests.size(), attempt.unstarted,
                                attempt.running.value_or(0));
            }
        }
    }
    return known;
}

// With its memory, as far as it was kept.
void World::resume_broker() {
    judges_.notes("the broker resumes");
    ++lives_;
    happens(fmt::format("{} resumes, with {} entries", token_, journal_.size()));
    for (const auto& host : workers_) {
        host->listens = false;
        host->known.reset();
        host->heard = 0;
    }
    const std::map<AttemptId, std::string> before = known_attempts();
    broker_.emplace(token_, plan_.broker);
    demands_.forget();
    broker_armed_ = never;
    const broker::Effects effects = broker_->restore(clock_.now(), lives_, 0, journal_);
    std::map<AttemptId, std::string> after = known_attempts();
    for (const auto& [id, what] : before) {
        judges_.check(died_within_ || after[id] == what,
                      "a broker resumes with what it knew: " + what + " -> " + after[id]);
    }
    died_within_ = false;
    after_broker(effects);
}

void World::restart_broker() {
    if (plan_.broker.journal) {
        resume_broker();
    } else {
        judges_.notes("the broker restarts");
        judges_.may_lose_workers();
        start_broker();
    }
    for (const auto& host : workers_) {
        disconnect(host->peer);
        connect(host->peer, random_.between(milliseconds(5), milliseconds(500)));
    }
    for (const auto& host : clients_) {
        disconnect(host->peer);
        if (host->core) connect(host->peer, random_.between(milliseconds(5), milliseconds(500)));
    }
}

void World::add_worker() {
    WorkerHost& host = *workers_.emplace_back(std::make_unique<WorkerHost>());
    host.peer.name = fmt::format("worker {}", workers_.size() - 1);
    start_worker(host);
}

void World::start_worker(WorkerHost& host) {
    if (host.slots) host.slots->die();
    listen_no_more(host);
    host.session = fmt::format("{} life {}", host.peer.name, host.peer.epoch);
    host.broker.clear();
    host.draining = false;
    host.leaving = false;
    host.known.reset();
    host.heard = 0;
    host.core.emplace(
        worker::Identity{.session = host.session, .host = host.peer.name, .slots = plan_.slots});
    const Suite* suite = plan_.runs.empty() ? nullptr : &plan_.runs.front().suite;
    host.slots = std::make_shared<ModelSlots>(
        clock_, random_, plan_.faults, *suite, judges_, running_,
        [this, &host](worker::SlotKey slot, const worker::SlotReport& report) {
            if (const auto* exit = std::get_if<worker::SlotExited>(&report)) {
                happens(fmt::format("{}, slot {}: {}", host.peer.name, slot, exit->text));
            }
            take(host, host.core->report(clock_.now(), slot, report));
            arm(host.peer);
        });
    host.peer.receive = [this, &host](const Message& message) {
        if (const auto* orders = std::get_if<Orders>(&message)) {
            if (orders->session == host.session) host.broker = orders->broker;
        }
        take(host, host.core->receive(clock_.now(), message));
    };
    host.peer.advance = [this, &host] { take(host, host.core->advance(clock_.now())); };
    host.peer.deadline = [&host] { return host.core->next_deadline(); };
    host.peer.armed = never;
    disconnect(host.peer);
    connect(host.peer, random_.between(Duration(0), milliseconds(5)));
    arm(host.peer);
}

void World::take(WorkerHost& host, const worker::Effects& effects) {
    if (effects.topics && !effects.topics->empty()) listen(host);
    for (const worker::Command& command : effects.commands) {
        if (const auto* start = std::get_if<worker::StartSlot>(&command)) {
            happens(fmt::format("{} starts slot {} for {}'s {}", host.peer.name, start->slot,
                                start->run, start->name));
        } else if (const auto* end = std::get_if<worker::EndSlot>(&command)) {
            happens(fmt::format("{} ends slot {}", host.peer.name, end->slot));
        }
        host.slots->perform(command, host.broker);
    }
    for (const Message& message : effects.send) to_broker(host.peer, message);
    if (host.draining && !host.leaving && host.core->idle()) {
        happens(host.peer.name + " has drained");
        judges_.notes("a worker has drained");
        return leave(host);
    }
    if (!host.leaving || !host.core->empty()) return;
    // As in the loop, it is gone with the last of its slots. Not within a call of what goes.
    clock_.after(Duration(0), [this, &host] {
        if (host.leaving && host.core->empty()) start_worker(host);
    });
}

void World::restart_worker(std::size_t worker) {
    happens(workers_[worker]->peer.name + " restarts");
    judges_.notes("a worker restarts");
    judges_.may_lose_workers();
    start_worker(*workers_[worker]);
}

void World::leave_worker(std::size_t worker) {
    WorkerHost& host = *workers_[worker];
    if (host.leaving) return;
    happens(host.peer.name + " leaves");
    judges_.notes("a worker leaves");
    judges_.may_lose_workers();
    leave(host);
}

void World::leave(WorkerHost& host) {
    host.leaving = true;
    take(host, host.core->leave(clock_.now()));
}

void World::drain_worker(std::size_t worker, Duration at_most) {
    WorkerHost& host = *workers_[worker];
    if (host.draining || host.leaving) return;
    happens(host.peer.name + " drains");
    judges_.notes("a worker drains");
    host.draining = true;
    clock_.after(at_most, [this, worker, session = host.session] {
        if (workers_[worker]->core && workers_[worker]->session == session) leave_worker(worker);
    });
    take(host, host.core->drain(clock_.now()));
}

void World::sicken_worker(std::size_t worker, Duration lasts) {
    WorkerHost& host = *workers_[worker];
    happens(host.peer.name + " is sick");
    judges_.notes("a worker is sick");
    clock_.after(lasts, [this, &host, session = host.session] {
        if (!host.core || host.session != session) return;
        happens(host.peer.name + " is well");
        take(host, host.core->ail(clock_.now(), ""));
    });
    take(host, host.core->ail(clock_.now(), "its disk is full"));
}

void World::hears_status(const Peer& peer, const Status& status) {
    for (const auto& host : workers_) {
        if (&host->peer != &peer || host->session != status.session) continue;
        if (status.number <= host->heard) continue;
        host->heard = status.number;
        if (!status.drains && status.trouble.empty()) {
            host->known.reset();
        } else if (!host->known) {
            host->known.emplace();
            for (const auto& [id, what] : known_attempts()) host->known->insert(id);
        }
    }
}

void World::sees_orders(const Orders& orders) {
    for (const auto& host : workers_) {
        if (host->session != orders.session || !host->known) continue;
        for (const AttemptOrders& attempt : orders.attempts) {
            const bool finishes = attempt.body && attempt.body->kind == JobKind::finish;
            judges_.check(finishes || !attempt.body || host->known->contains(attempt.id),
                          "a worker that takes nothing new is given nothing but to finish");
        }
    }
}

void World::kill_worker(std::size_t worker) {
    WorkerHost& host = *workers_[worker];
    happens(host.peer.name + " is killed");
    judges_.may_lose_workers();
    host.slots->die();
    host.slots = std::make_shared<ModelSlots>(clock_, random_, plan_.faults,
                                              plan_.runs.front().suite, judges_, running_,
                                              [](worker::SlotKey, const worker::SlotReport&) {});
    disconnect(host.peer);
    host.core.reset();
    host.peer.deadline = [] { return never; };
    host.peer.armed = never;
}

void World::end_interpreter(std::size_t worker) {
    happens("the interpreter of " + workers_[worker]->peer.name + " dies");
    judges_.may_lose_workers();
    workers_[worker]->slots->lose_all();
}

void World::cut_worker(std::size_t worker, Duration lasts) {
    happens(workers_[worker]->peer.name + " loses its connection");
    if (lasts > plan_.broker.worker_lease / 2) judges_.may_lose_workers();
    judges_.notes(lasts > plan_.broker.worker_lease ? "a worker is cut off for too long"
                                                    : "a worker is cut off");
    disconnect(workers_[worker]->peer);
    connect(workers_[worker]->peer, lasts);
}

void World::deafen_worker(std::size_t worker, Duration lasts) {
    happens(workers_[worker]->peer.name + " hears nothing any more");
    workers_[worker]->peer.deaf_until = clock_.now() + lasts;
}

void World::cut_client(std::size_t client, Duration lasts) {
    ClientHost& host = *clients_[client];
    if (!host.core) return;
    happens(host.peer.name + " loses its connection");
    judges_.notes("a client is cut off");
    disconnect(host.peer);
    connect(host.peer, lasts);
}

void World::start_client(ClientHost& host, const RunPlan& plan) {
    // Partitions may follow each other for long; giving up is a scenario of its own.
    host.user = plan.order.user;
    Order order = plan.order;
    order.stays = plan_.broker.journal;
    host.core.emplace(host.run, plan.spec, order,
                      client::Settings{.broker_silence_max = plan_.ends_within});
    host.peer.receive = [this, &host](const Message& message) {
        const auto* progress = std::get_if<Progress>(&message);
        if (progress != nullptr && progress->first <= host.had) {
            host.had = std::max(host.had, progress->first + progress->events.size());
        }
        take(host, host.core->receive(clock_.now(), message));
    };
    host.peer.advance = [this, &host] { take(host, host.core->advance(clock_.now())); };
    host.peer.deadline = [&host] { return host.core->next_deadline(); };
    connect(host.peer, delay());
    arm(host.peer);
}

void World::take(ClientHost& host, const client::Effects& effects) {
    judges_.check(effects.trouble.empty(),
                  "a client does not give its broker up: " + effects.trouble);
    for (const Event& event : effects.events) judges_.hears(host.told, event);
    for (const Message& message : effects.send) to_broker(host.peer, message);
}

}  // namespace xgrid::simulation
