#include "shared/handshakes.hpp"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

#include "shared/ensure.hpp"

namespace xgrid {
namespace {

// Names of inproc endpoints, which a process has in common.
std::string fresh_endpoint() {
    static std::atomic<std::uint64_t> last = 0;
    return "inproc://handshakes/" + std::to_string(++last);
}

constexpr int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                       ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED;

std::optional<Handshake> handshake_of(std::uint16_t event) {
    switch (event) {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return Handshake::done;
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return Handshake::denied;
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: return Handshake::failed;
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return Handshake::cut;
        case ZMQ_EVENT_CONNECT_RETRIED: return Handshake::refused;
        case ZMQ_EVENT_DISCONNECTED: return Handshake::lost;
        default: return std::nullopt;
    }
}

}  // namespace

Handshakes::Handshakes(Context& context, zmq::socket_t& watched)
    : watched_(&watched), socket_(context, zmq::socket_type::pair) {
    const std::string endpoint = fresh_endpoint();
    ensure(zmq_socket_monitor(watched.handle(), endpoint.c_str(), events) == 0,
           "a socket can be watched");
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(endpoint);
}

// An event that nobody takes would stop libzmq's thread, and with it all sockets of the context.
Handshakes::~Handshakes() { zmq_socket_monitor(watched_->handle(), nullptr, 0); }

// Two frames: the event's number and a value, and an address.
std::optional<Handshake> Handshakes::next() {
    while (true) {
        zmq::message_t first;
        if (!socket_.recv(first, zmq::recv_flags::dontwait)) return std::nullopt;
        for (bool more = first.more(); more;) {
            zmq::message_t rest;
            more = socket_.recv(rest, zmq::recv_flags::dontwait) && rest.more();
        }
        std::uint16_t event = 0;
        if (first.size() < sizeof event) continue;
        std::memcpy(&event, first.data(), sizeof event);
        std::int32_t value = -1;
        if (first.size() >= sizeof event + sizeof value) {
            std::memcpy(&value, static_cast<const char*>(first.data()) + sizeof event,
                        sizeof value);
        }
        connection_ = value;
        if (const auto handshake = handshake_of(event)) return handshake;
    }
}

// It is the descriptor, of which libzmq tells in both cases.
int connection_of(const Received& received) {
    if (received.frames.empty()) return -1;
    return zmq_msg_get(received.frames.front().handle(), ZMQ_SRCFD);
}

}  // namespace xgrid
