// ZeroMQ ends here: one ROUTER, DEALER, XPUB or SUB with xgrid's settled options, carrying frames.
// Knows nothing of messages. Nothing blocks, and nothing a peer sends throws.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <zmq.hpp>

#include "shared/token.hpp"

namespace xgrid {

using Frames = std::vector<std::string>;

/// One per process, made after the last fork.
using Context = zmq::context_t;

/// What a peer said: who (a router's name for the connection; empty at a dealer), and what. No
/// frames: the peer has just connected.
struct Received {
    std::string peer;
    std::vector<zmq::message_t> frames;
    // Where a router asks for keys: the peer's, as the context's gate knows it, and where it is.
    std::string key{};
    std::string address{};

    std::vector<std::string_view> views() const;
    std::size_t bytes() const;
};

// What a gate is told of the sockets that ask it.
constexpr const char* domain_of_routers = "xgrid";
constexpr const char* domain_of_publishers = "xgrid-topics";

/// Peers connect to it.
class Router {
public:
    /// Throws Fatal if the endpoint cannot be bound. With a secret key, peers need to be let in by
    /// the context's gate (shared/curve.hpp).
    Router(Context& context, const std::string& endpoint,
           const std::optional<CurveKey>& secret = std::nullopt);

    /// Where it is bound, with the port that it got.
    std::string endpoint() const;

    /// False if the peer is gone or takes no more: the message is lost.
    bool send(const std::string& peer, const Frames& frames);
    /// Likewise, what another has said as it is.
    bool pass_on(const std::string& peer, Received&& received);
    std::optional<Received> receive();
    zmq::pollitem_t poll_item();
    zmq::socket_t& socket() { return socket_; }

private:
    zmq::socket_t socket_;
    bool asks_for_keys_ = false;
};

/// Connects, and connects again whenever the other side comes back. Each time it is announced
/// there.
class Dealer {
public:
    /// Throws Fatal if the endpoint makes no sense. With a token, the other side has to be the one
    /// that gave it. `connect` is for who has something to do before.
    Dealer(Context& context, const std::string& endpoint,
           const std::optional<Token>& token = std::nullopt);
    Dealer(Context& context, const std::optional<Token>& token);
    void connect(const std::string& endpoint);

    /// False if there is no connection: the message is lost.
    bool send(const Frames& frames);
    /// Likewise, what another has said as it is.
    bool pass_on(Received&& received);
    std::optional<Received> receive();
    zmq::pollitem_t poll_item();
    zmq::socket_t& socket() { return socket_; }

private:
    zmq::socket_t socket_;
};

/// Says things to whoever listens, and hears who does.
class Publisher {
public:
    /// Throws Fatal if the endpoint cannot be bound. Secret: as a router's.
    Publisher(Context& context, const std::string& endpoint,
              const std::optional<CurveKey>& secret = std::nullopt);

    /// As others may connect to it: with its port, if the system has chosen it.
    std::string endpoint() const;
    /// Those whose queue is full do not get it. The first frame is the topic.
    void send(const Frames& frames);
    struct Subscription {
        std::string topic;
        bool begins = true;  // else the last listener is gone
    };
    std::optional<Subscription> receive();
    zmq::pollitem_t poll_item();

private:
    zmq::socket_t socket_;
};

/// Listens to topics, at a publisher that need not be there yet.
class Subscriber {
public:
    /// Throws Fatal if the endpoint makes no sense. Token: as a dealer's.
    Subscriber(Context& context, const std::string& endpoint,
               const std::vector<std::string>& topics,
               const std::optional<Token>& token = std::nullopt);

    std::optional<Received> receive();
    zmq::pollitem_t poll_item();

private:
    zmq::socket_t socket_;
};

/// Waits until an item is ready or the time is over; at once if `timeout` is not positive. A signal
/// may end the wait early.
void wait_for(std::vector<zmq::pollitem_t>& items, std::chrono::nanoseconds timeout);

/// Lets this process have as many descriptors as it may: each connection takes one, and libzmq
/// spins where there are none left.
void raise_descriptor_limit();

}  // namespace xgrid
