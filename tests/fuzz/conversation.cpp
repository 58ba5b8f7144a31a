#include "tests/fuzz/conversation.hpp"

#include <algorithm>

#include "shared/codec.hpp"
#include "shared/ensure.hpp"

namespace xgrid::fuzz {
namespace {

const std::string worker_peer = "worker";
const std::string client_peer = "client";
const std::string stranger_peer = "stranger";
const std::string session = "session";
const std::string token = "token";
const std::string run = "run";

constexpr std::size_t messages_per_step_max = 10'000;
constexpr std::size_t turns_max = 1'000;

std::vector<std::string_view> views(const std::vector<std::string>& frames) {
    return {frames.begin(), frames.end()};
}

// A test's place, mostly one that there is.
std::uint32_t bent(std::uint32_t test, std::size_t tests) {
    return test % (static_cast<std::uint32_t>(tests) + 1);
}

void bend_places(Fact& fact, std::size_t tests) {
    if (auto* started = std::get_if<Started>(&fact)) started->test = bent(started->test, tests);
    if (auto* finished = std::get_if<Finished>(&fact)) {
        finished->test = bent(finished->test, tests);
    }
    if (auto* gave = std::get_if<GaveBack>(&fact)) {
        for (std::uint32_t& test : gave->tests) test = bent(test, tests);
    }
}

}  // namespace

void check_round_trip(const Message& message) {
    const std::vector<std::string> first = encode(message);
    Result<Message> again = decode(views(first));
    ensure(static_cast<bool>(again), "what was decoded can be encoded and decoded again");
    // Bytes, because a time that is no number equals nothing.
    ensure(encode(*again) == first, "a message that is encoded and decoded again is the same");
}

Conversation::Conversation()
    : now_(Instant() + std::chrono::hours(1)),
      broker_(token),
      worker_({.session = session, .host = "host", .slots = 2}),
      client_(run, {.slots = 2}) {}

void Conversation::hear(Message message, Voice voice) {
    const bool is_insider = voice == Voice::insider;
    if (is_insider) bend(message);
    const bool is_status = std::holds_alternative<Status>(message);
    to_broker(!is_insider ? stranger_peer : is_status ? worker_peer : client_peer, message);
    to_worker(message);
    to_client(message);
    if (const auto* status = std::get_if<Status>(&message)) play_slots(*status);
    settle();
}

void Conversation::wait(Duration duration) {
    now_ += duration;
    take(broker_.advance(now_));
    ensure(broker_.next_deadline() > now_, "a broker that was advanced has nothing due");
    for (const worker::SlotKey slot : std::exchange(ending_, {})) {
        take(worker_.report(now_, slot, worker::SlotExited{"ended"}));
    }
    for (std::size_t turn = 0; worker_.next_deadline() <= now_; ++turn) {
        ensure(turn < turns_max, "a worker has said all it has to say after some statuses");
        take(worker_.advance(now_));
    }
    // Else its first run would be the end of the conversation.
    if (client_.over()) client_ = client::Client(run, {.slots = 2});
    take(client_.advance(now_));
    ensure(client_.next_deadline() > now_, "a client that was advanced has nothing due");
    settle();
}

// ---- Who hears what

void Conversation::to_broker(const std::string& peer, Message message) {
    on_the_way_.emplace_back(peer, std::move(message));
}

void Conversation::settle() {
    for (std::size_t count = 0; !on_the_way_.empty(); ++count) {
        ensure(count < messages_per_step_max, "a conversation comes to rest");
        const std::vector<std::pair<std::string, Message>> arrived = std::exchange(on_the_way_, {});
        for (const auto& [peer, message] : arrived) {
            if (const auto* submit = std::get_if<Submit>(&message)) runs_.insert(submit->run);
            take(broker_.receive(now_, peer, message));
        }
    }
    audit();
}

void Conversation::to_worker(Message message) {
    // The broker's count and the stranger's are one, so that neither silences the other.
    auto* orders = std::get_if<Orders>(&message);
    if (orders != nullptr && orders->session == session) orders->number = ++last_orders_;
    take(worker_.receive(now_, message));
}

void Conversation::to_client(const Message& message) { take(client_.receive(now_, message)); }

void Conversation::take(const broker::Effects& effects) {
    for (const broker::Send& send : effects.send) {
        if (send.peer == worker_peer) to_worker(send.message);
        // It would take a refusal of the stranger's words for one of its own.
        if (send.peer == client_peer && !std::holds_alternative<Refusal>(send.message)) {
            to_client(send.message);
        }
    }
}

void Conversation::take(const worker::Effects& effects) {
    for (const worker::Command& command : effects.commands) {
        if (const auto* give = std::get_if<worker::GiveJob>(&command)) {
            given_[give->attempt] = give->slot;
        } else if (const auto* end = std::get_if<worker::EndSlot>(&command)) {
            ending_.push_back(end->slot);
        }
    }
    for (Message message : effects.send) {
        if (auto* status = std::get_if<Status>(&message)) status->number = ++last_status_;
        to_broker(worker_peer, std::move(message));
    }
}

void Conversation::take(const client::Effects& effects) {
    for (const Message& message : effects.send) to_broker(client_peer, message);
}

// The facts come true in the worker's own slots as well.
void Conversation::play_slots(const Status& status) {
    for (const AttemptStatus& about : status.attempts) {
        if (given_.empty()) return;
        const auto place = static_cast<std::ptrdiff_t>(about.id.job % given_.size());
        const auto [attempt, slot] = *std::next(given_.begin(), place);
        for (const Fact& fact : about.facts) {
            const auto* ended = std::get_if<Ended>(&fact);
            if (ended != nullptr && ended->end == End::crashed) {
                take(worker_.report(now_, slot, worker::SlotExited{ended->text}));
            } else if (ended != nullptr && ended->end == End::refused) {
                take(worker_.report(now_, slot, worker::SlotRefused{ended->text, ended->code}));
            } else {
                take(worker_.report(now_, slot, worker::SlotFact{attempt, fact}));
            }
        }
    }
}

// ---- What is there

std::vector<Conversation::Target> Conversation::targets() const {
    std::vector<Target> found;
    for (const std::string& id : runs_) {
        const broker::Submission* known = broker_.find(id);
        if (known == nullptr) continue;
        for (const auto& lane : known->lanes()) {
            for (const auto& [number, job] : lane->jobs()) {
                if (!job.attempt) continue;
                found.push_back({id,
                                 {job.id, job.attempt->number},
                                 job.attempt->recorded,
                                 job.attempt->tests.size()});
            }
        }
    }
    return found;
}

void Conversation::bend(Message& message) {
    const std::vector<Target> there = targets();
    if (auto* status = std::get_if<Status>(&message)) {
        status->session = session;
        status->number = ++last_status_;
        status->broker = token;
        for (AttemptStatus& about : status->attempts) {
            if (there.empty()) break;
            const Target& target = there[about.id.job % there.size()];
            about.id = target.id;
            about.first = target.recorded;
            for (Fact& fact : about.facts) bend_places(fact, target.tests);
        }
    } else if (auto* orders = std::get_if<Orders>(&message)) {
        orders->session = session;
        orders->broker = token;
    } else if (auto* submit = std::get_if<Submit>(&message)) {
        submit->run = run;
    } else if (auto* follow = std::get_if<Follow>(&message)) {
        follow->run = run;
    } else if (auto* cancel = std::get_if<Cancel>(&message)) {
        cancel->run = run;
    } else if (auto* progress = std::get_if<Progress>(&message)) {
        progress->run = run;
    }
}

void Conversation::audit() const {
    for (const std::string& id : runs_) {
        const broker::Submission* known = broker_.find(id);
        if (known == nullptr) continue;
        for (const auto& lane : known->lanes()) {
            std::size_t held = 0;
            for (const auto& [key, slot] : lane->slots()) held += slot.jobs.size();
            std::size_t waiting = lane->waiting().size();
            for (const auto& [order, kind] : lane->needy().kinds()) waiting += kind.jobs.size();
            for (const auto& [key, jobs] : lane->needy().of_slots()) waiting += jobs.size();
            ensure(held + waiting == lane->jobs().size(),
                   "an open job is with one slot, or waits once");
            ensure(!lane->over() || lane->slots().empty(), "a run that is over has no slot");
        }
    }
}

}  // namespace xgrid::fuzz
