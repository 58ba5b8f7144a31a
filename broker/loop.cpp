#include "broker/loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <malloc.h>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "broker/access.hpp"
#include "broker/broker.hpp"
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

Instant now() { return std::chrono::steady_clock::now(); }

Guard::Now both_clocks() {
    return {now(), std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())};
}

class Loop {
public:
    explicit Loop(const Options& options)
        : signals_({SIGTERM, SIGINT, SIGHUP}),
          options_(options),
          access_(options.keys ? std::make_unique<Access>(context_, options.data) : nullptr),
          router_(context_, options.bind, secret()),
          topics_(publisher(topics_beside(options.bind))),
          core_(random_token(), {.topics = topics_ ? topics_->endpoint() : ""}),
          objects_(options.data / "objects", options.objects_bytes_max) {}

    void run() {
        while (!signals_.next()) {
            if (access_) heed_keys();
            int taken = 0;
            for (; taken < messages_per_turn; ++taken) {
                const std::optional<Received> received = router_.receive();
                if (!received) break;
                take(*received);
            }
            hear_listeners();
            carry_out(core_.advance(now()));
            carry_out(objects_.advance(now()));
            std::vector<zmq::pollitem_t> items = {router_.poll_item(),
                                                  {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0}};
            if (topics_) items.push_back(topics_->poll_item());
            Instant until = std::min(core_.next_deadline(), objects_.next_deadline());
            if (access_) {
                items.push_back(access_->poll_item());
                until = std::min(until, access_->next_look());
            }
            const bool more = taken == messages_per_turn;
            wait_for(items, more             ? Duration(0)
                            : until == never ? std::chrono::hours(1)
                                             : until - now());
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

    void heed_keys() {
        const Guard::Cut cut = access_->look(both_clocks());
        for (const auto& [peer, why] : cut.peers) {
            router_.send(peer, encode(Message(Refusal{why})));
            carry_out(core_.drop(now(), peer));
        }
        for (const std::string& run : cut.runs) carry_out(core_.receive(now(), "", Cancel{run}));
        if (cut.listener) turn_listeners_out();
        if (!topics_ && !topics_at_.empty()) topics_ = publisher(topics_at_);
        // Only now, so that a key that was just allowed gets in.
        access_->answer(both_clocks());
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
        if (received.frames.empty()) {
            if (access_ && !access_->greets(both_clocks(), received)) return;
            return carry_out(core_.connect(now(), received.peer));
        }
        Result<Message> message = decode(received.views());
        if (!message) return carry_out(core_.refuse(received.peer, message.error()));
        if (access_) {
            const Guard::Verdict verdict = access_->hear(
                both_clocks(), received, *message,
                [this](const std::string& run) { return core_.find(run) != nullptr; });
            if (!verdict.refusal.empty()) carry_out(core_.refuse(received.peer, verdict.refusal));
            if (!verdict.passes) return;
        }
        if (const auto sends = objects_.receive(now(), received.peer, *message)) {
            return carry_out(*sends);
        }
        carry_out(core_.receive(now(), received.peer, *message));
    }

    void carry_out(const Effects& effects) {
        // One that cannot be delivered is lost; what the peer says next repairs that.
        for (const auto& [peer, message] : effects.send) send(peer, message);
        for (const Publication& publication : effects.publish) {
            if (topics_) topics_->send(encode(publication));
        }
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
    Context context_;
    const Options& options_;
    std::unique_ptr<Access> access_;  // none: no keys
    Router router_;
    std::optional<Publisher> topics_;
    std::string topics_at_;               // not empty: where it is to be again
    std::set<std::string> heard_topics_;  // that somebody listens to
    Broker core_;
    Objects objects_;
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
