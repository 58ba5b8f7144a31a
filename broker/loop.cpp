#include "broker/loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <malloc.h>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "broker/broker.hpp"
#include "broker/objects.hpp"
#include "shared/codec.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
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

class Loop {
public:
    explicit Loop(const Options& options)
        : signals_({SIGTERM, SIGINT, SIGHUP}),
          router_(context_, options.bind),
          topics_(publisher(context_, options.bind)),
          core_(random_token(), {.topics = topics_ ? topics_->endpoint() : ""}),
          objects_(options.data / "objects", options.objects_bytes_max) {}

    void run() {
        while (!signals_.next()) {
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
            const Instant until = std::min(core_.next_deadline(), objects_.next_deadline());
            const bool more = taken == messages_per_turn;
            wait_for(items, more             ? Duration(0)
                            : until == never ? std::chrono::hours(1)
                                             : until - now());
        }
    }

private:
    // Without a place for it nothing is published, and everything sent.
    static std::optional<Publisher> publisher(Context& context, const std::string& broker) {
        try {
            return std::optional<Publisher>(std::in_place, context, topics_beside(broker));
        } catch (const Fatal&) {
            return std::nullopt;
        }
    }

    void hear_listeners() {
        if (!topics_) return;
        for (int taken = 0; taken < messages_per_turn; ++taken) {
            const auto subscription = topics_->receive();
            if (!subscription) return;
            if (subscription->begins) {
                carry_out(core_.subscribed(subscription->topic));
            } else {
                core_.unsubscribed(subscription->topic);
            }
        }
    }

    void take(const Received& received) {
        if (received.frames.empty()) return carry_out(core_.connect(now(), received.peer));
        Result<Message> message = decode(received.views());
        if (!message) return carry_out(core_.refuse(received.peer, message.error()));
        if (const auto sends = objects_.receive(now(), received.peer, *message)) {
            carry_out(*sends);
            if (const auto* offer = std::get_if<Offer>(&*message)) keep(received.peer, *offer);
            return;
        }
        carry_out(core_.receive(now(), received.peer, *message));
    }

    // The run itself comes on another connection: until it is there, the offer is said again.
    void keep(const std::string& from, const Offer& offer) {
        const Submission* run = offer.whole ? core_.find(offer.run) : nullptr;
        if (run == nullptr || !run->spec().tree) return;
        carry_out(objects_.keep(now(), from, offer.run, run->spec().tree->id));
    }

    void carry_out(const Effects& effects) {
        // One that cannot be delivered is lost; what the peer says next repairs that.
        for (const Send& send : effects.send) router_.send(send.peer, encode(send.message));
        for (const Publication& publication : effects.publish) topics_->send(encode(publication));
    }

    void carry_out(const Hub::Sends& sends) {
        for (const auto& [peer, message] : sends) router_.send(peer, encode(message));
    }

    Signals signals_;
    Context context_;
    Router router_;
    std::optional<Publisher> topics_;
    Broker core_;
    Objects objects_;
};

}  // namespace

int run(const Options& options) {
    raise_descriptor_limit();
    keep_freed_memory();
    Loop loop(options);
    if (!options.embedded) fmt::print(stderr, "xgrid broker: listening on {}\n", options.bind);
    loop.run();
    return 0;
}

}  // namespace xgrid::broker
