#include "broker/loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <malloc.h>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "broker/access.hpp"
#include "broker/archive.hpp"
#include "broker/broker.hpp"
#include "broker/journal.hpp"
#include "broker/objects.hpp"
#include "shared/codec.hpp"
#include "shared/curve.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/key_words.hpp"
#include "shared/process.hpp"
#include "shared/signals.hpp"
#include "shared/socket.hpp"

namespace xgrid::broker {
namespace {

// Messages taken in one turn, so that deadlines are met under any load.
constexpr int messages_per_turn = 256;

// A message with content has a megabyte, and comes and goes in three copies. By default libc gives
// that memory back each time, and half of what a message costs is having it zeroed anew.
constexpr int kept_bytes_max = 16 * 1024 * 1024;
void keep_freed_memory() {
    mallopt(M_MMAP_THRESHOLD, kept_bytes_max);
    mallopt(M_TRIM_THRESHOLD, kept_bytes_max);
}

// A broker that was not there for longer, being stopped, asleep or without room on its disk, has
// not seen that time pass: nobody was silent meanwhile.
constexpr Duration absence_least = std::chrono::seconds(1);
constexpr Duration keep_again = std::chrono::seconds(1);
constexpr Duration prune_interval = std::chrono::hours(1);
// Of runs that are over, `xgrid runs` shows so many.
constexpr std::size_t shown_over_max = 200;

// Its own time, which goes on from life to life.
class Clock {
public:
    /// Never earlier than that from now on.
    void begin_at(Instant earliest) {
        offset_ = std::max(Duration(0), earliest - std::chrono::steady_clock::now());
    }
    Instant now() const { return std::chrono::steady_clock::now() + offset_; }
    void leave_out(Duration passed) { offset_ -= passed; }
    /// With the time of day.
    Guard::Now both() const {
        return {now(), std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())};
    }

private:
    Duration offset_{0};
};

// The only clock that goes on while nobody runs.
std::chrono::seconds wall_time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now);
}

class Loop {
public:
    explicit Loop(const Options& options)
        : signals_({SIGTERM, SIGINT, SIGHUP}),
          options_(options),
          journal_(open_journal(options)),
          access_(options.keys ? std::make_unique<Access>(context_, options.data) : nullptr),
          router_(context_, options.bind, secret()),
          topics_(publisher(topics_beside(options.bind))),
          core_(journal_ ? journal_->token() : random_token(),
                {.topics = topics_ ? topics_->endpoint() : "", .journal = journal_.has_value()}),
          objects_(options.data / "objects", options.objects_bytes_max) {
        if (access_) {
            core_.tell_users(
                [this](const std::string& peer) { return access_->guard().user_of(peer); });
        }
        if (journal_) resume();
    }

    void run() {
        Instant back_by = clock_.now();
        while (!signals_.next()) {
            if (clock_.now() > back_by + absence_least) clock_.leave_out(clock_.now() - back_by);
            if (access_) heed_keys();
            int taken = 0;
            for (; taken < messages_per_turn; ++taken) {
                const std::optional<Received> received = router_.receive();
                if (!received) break;
                take(*received);
            }
            hear_listeners();
            carry_out(core_.advance(clock_.now()));
            carry_out(objects_.advance(clock_.now()));
            send_kept();
            prune();
            std::vector<zmq::pollitem_t> items = {router_.poll_item(),
                                                  {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0}};
            if (topics_) items.push_back(topics_->poll_item());
            Instant until = std::min(core_.next_deadline(), objects_.next_deadline());
            if (access_) {
                items.push_back(access_->poll_item());
                until = std::min(until, access_->next_look());
            }
            const bool more = taken == messages_per_turn;
            const Duration wait = more             ? Duration(0)
                                  : until == never ? std::chrono::hours(1)
                                                   : until - clock_.now();
            back_by = clock_.now() + std::max(wait, Duration(0));
            wait_for(items, wait);
        }
    }

    std::string endpoint() const { return router_.endpoint(); }
    const Access* access() const { return access_.get(); }

private:
    std::optional<CurveKey> secret() const {
        return access_ ? std::optional(access_->secret()) : std::nullopt;
    }

    // Without a place for it nothing is published, and everything sent.
    std::optional<Publisher> publisher(const std::string& endpoint) {
        try {
            return std::optional<Publisher>(std::in_place, context_, endpoint, secret());
        } catch (const Fatal&) {
            return std::nullopt;
        }
    }

    static std::optional<Journal> open_journal(const Options& options) {
        if (options.embedded) return std::nullopt;
        Result<Journal> journal = Journal::open(options.data);
        if (!journal) throw Fatal(journal.error(), 3);
        return std::optional<Journal>(std::move(*journal));
    }

    void resume() {
        Result<std::vector<JournalEntry>> entries = journal_->entries();
        if (!entries) throw Fatal(entries.error(), 3);
        Instant last;
        for (const JournalEntry& entry : *entries) {
            std::visit(
                [&](const auto& one) {
                    if constexpr (requires { one.at; }) last = std::max(last, instant_of(one.at));
                },
                entry);
        }
        clock_.begin_at(last);
        for (const JournalEntry& entry : *entries) {
            const auto* begun = std::get_if<RunBegun>(&entry);
            if (!access_ || begun == nullptr) continue;
            access_->own(clock_.both(), begun->submit.run, begun->submit.order.user);
        }
        carry_out(core_.restore(clock_.now(), journal_->life(), journal_->runs(), *entries));
        send_kept();
    }

    void heed_keys() {
        const Guard::Cut cut = access_->look(clock_.both());
        for (const auto& [peer, why] : cut.peers) {
            router_.send(peer, encode(Message(Refusal{why})));
            carry_out(core_.drop(clock_.now(), peer));
        }
        for (const std::string& run : cut.runs)
            carry_out(core_.receive(clock_.now(), "", Cancel{run}));
        if (cut.listener) turn_listeners_out();
        if (!topics_ && !topics_at_.empty()) topics_ = publisher(topics_at_);
        // Only now, so that a key that was just allowed gets in.
        access_->answer(clock_.both());
    }

    // libzmq closes no single connection. Those who may listen come back by themselves, as soon as
    // the system lets us have the place again.
    void turn_listeners_out() {
        if (!topics_) return;
        topics_at_ = topics_->endpoint();
        topics_.reset();
        for (const std::string& topic : std::exchange(heard_topics_, {})) {
            core_.unsubscribed(topic);
        }
    }

    void hear_listeners() {
        if (!topics_) return;
        for (int taken = 0; taken < messages_per_turn; ++taken) {
            const auto subscription = topics_->receive();
            if (!subscription) return;
            if (subscription->begins) {
                heard_topics_.insert(subscription->topic);
                carry_out(core_.subscribed(subscription->topic));
            } else {
                heard_topics_.erase(subscription->topic);
                core_.unsubscribed(subscription->topic);
            }
        }
    }

    void take(const Received& received) {
        const Instant now = clock_.now();
        if (received.frames.empty()) {
            if (access_ && !access_->greets(clock_.both(), received)) return;
            return carry_out(core_.connect(now, received.peer));
        }
        Result<Message> message = decode(received.views());
        if (!message) return carry_out(core_.refuse(received.peer, message.error()));
        if (access_) {
            const Guard::Verdict verdict = access_->hear(
                clock_.both(), received, *message,
                [this](const std::string& run) { return core_.find(run) != nullptr; });
            if (!verdict.refusal.empty()) carry_out(core_.refuse(received.peer, verdict.refusal));
            if (!verdict.passes) return;
        }
        if (const auto sends = objects_.receive(now, received.peer, *message)) {
            carry_out(*sends);
            if (const auto* offer = std::get_if<Offer>(&*message)) keep(received.peer, *offer);
            return;
        }
        if (const RunOver* over = find_over(*message)) {
            if (auto answer = answer_for(*over, *message)) {
                carry_out(Effects{.send = {{received.peer, *std::move(answer)}}});
            }
            return;
        }
        Effects effects = core_.receive(now, received.peer, *message);
        const auto* ask = std::get_if<Ask>(&*message);
        if (ask != nullptr && ask->question == Question::runs) add_over(effects);
        carry_out(std::move(effects));
    }

    // The run itself comes on another connection: until it is there, the offer is said again.
    void keep(const std::string& from, const Offer& offer) {
        const Submission* run = offer.whole ? core_.find(offer.run) : nullptr;
        if (run == nullptr || !run->spec().tree) return;
        carry_out(objects_.keep(clock_.now(), from, offer.run, run->spec().tree->id));
    }

    // The run that it is about, if the core has forgotten it.
    const RunOver* find_over(const Message& message) {
        const std::string* run = journal_ ? run_asked_for(message) : nullptr;
        return run == nullptr || core_.find_beginning(*run) != nullptr ? nullptr
                                                                       : journal_->find_over(*run);
    }

    void add_over(Effects& effects) {
        if (!journal_) return;
        for (Send& send : effects.send) {
            auto* answer = std::get_if<Answer>(&send.message);
            if (answer == nullptr) continue;
            broker::add_over(*answer, journal_->summaries(wall_time(), shown_over_max));
        }
    }

    // What one turn brings about is kept at once, and sent when it is.
    void carry_out(Effects effects) {
        std::ranges::move(effects.journal, std::back_inserter(turn_.journal));
        std::ranges::move(effects.send, std::back_inserter(turn_.send));
        std::ranges::move(effects.publish, std::back_inserter(turn_.publish));
        if (!journal_) send_kept();
    }

    void send_kept() {
        const Effects turn = std::exchange(turn_, {});
        if (!turn.journal.empty()) keep(turn.journal);
        // One that cannot be delivered is lost; what the peer says next repairs that.
        for (const Send& send : turn.send) this->send(send.peer, send.message);
        for (const Publication& publication : turn.publish) {
            if (topics_) topics_->send(encode(publication));
        }
    }

    // Until it is kept, which may take long: that time has not passed for the core.
    void keep(const std::vector<JournalEntry>& entries) {
        std::optional<Error> error = journal_->keep(entries, wall_time());
        if (!error) return;
        const Instant since = clock_.now();
        fmt::print(stderr, "xgrid broker: {}; waits until that is possible again\n", error->text);
        while (!signals_.next()) {
            std::vector<zmq::pollitem_t> items = {{nullptr, signals_.descriptor(), ZMQ_POLLIN, 0}};
            wait_for(items, keep_again);
            error = journal_->keep(entries, wall_time());
            if (error) continue;
            clock_.leave_out(clock_.now() - since);
            fmt::print(stderr, "xgrid broker: goes on\n");
            return;
        }
        throw Fatal("ended while its journal could not be written", 3);
    }

    void prune() {
        if (!journal_ || clock_.now() < prune_at_) return;
        prune_at_ = clock_.now() + prune_interval;
        journal_->prune(wall_time(), kept_age_, kept_bytes_);
    }

    void carry_out(const Hub::Sends& sends) {
        for (const auto& [peer, message] : sends) send(peer, message);
    }

    void send(const std::string& peer, const Message& message) {
        if (access_ && !access_->guard().may_hear(peer)) return;
        const auto* welcome = std::get_if<Welcome>(&message);
        router_.send(peer, welcome == nullptr ? encode(message)
                                              : encode(Message(completed(peer, *welcome))));
    }

    Welcome completed(const std::string& peer, Welcome welcome) const {
        welcome.version = options_.version;
        if (access_) welcome.user = access_->guard().user_of(peer);
        if (access_ && !access_->guard().may_listen(peer)) welcome.topics.clear();
        return welcome;
    }

    Signals signals_;
    Clock clock_;
    const Options& options_;
    std::optional<Journal> journal_;
    Context context_;
    std::unique_ptr<Access> access_;  // none: no keys
    Router router_;
    std::optional<Publisher> topics_;
    std::string topics_at_;               // not empty: where it is to be again
    std::set<std::string> heard_topics_;  // that somebody listens to
    Broker core_;
    Objects objects_;
    Effects turn_;
    Instant prune_at_;
    std::chrono::seconds kept_age_ = std::chrono::hours(24 * 30);
    std::uint64_t kept_bytes_ = std::uint64_t{2} << 30;
};

void announce(const Options& options, const Loop& loop) {
    fmt::print(stderr, "xgrid broker: listening on {}\n", options.bind);
    if (const Access* access = loop.access()) {
        fmt::print(stderr,
                   "xgrid broker: asks for keys; its own is {}\n"
                   "xgrid broker: clients and workers need --broker {} --broker-key {}\n",
                   text_of_public(public_of(access->secret())), loop.endpoint(),
                   text_of_public(public_of(access->secret())));
        if (access->guard().keys().all().empty()) {
            fmt::print(stderr,
                       "xgrid broker: nobody is let in yet: xgrid keys allow KEY --name NAME "
                       "--role ROLE --data {}\n",
                       options.data.string());
        }
    } else if (!is_on_this_machine(options.bind)) {
        fmt::print(stderr,
                   "xgrid broker: warning: --insecure: whoever can reach it can run "
                   "programs on every worker\n");
    }
}

}  // namespace

int run(const Options& options) {
    raise_descriptor_limit();
    keep_freed_memory();
    Loop loop(options);
    if (!options.embedded) announce(options, loop);
    loop.run();
    return 0;
}

}  // namespace xgrid::broker
