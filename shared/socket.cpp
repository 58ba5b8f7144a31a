#include "shared/socket.hpp"

#include <algorithm>
#include <sys/resource.h>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/curve.hpp"
#include "shared/ensure.hpp"

namespace xgrid {
namespace {

constexpr int linger_ms = 500;
constexpr int publications_max = 1000;  // that wait for one listener
// That wait for one peer of a router; more are lost. Most have at most a megabyte.
constexpr int waiting_max = 128;
constexpr int zap_enforce_domain = 93;  // which zmq.h names for drafts only

void set_common(zmq::socket_t& socket) {
    socket.set(zmq::sockopt::linger, linger_ms);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(body_bytes_max));
    socket.set(zmq::sockopt::handshake_ivl, 5'000);
    // Without a bound input is never stopped. libzmq 4.3.4 aborts the process ("!_io_error") when a
    // connection ends whose input is stopped, and then a heartbeat is due or found in what had been
    // read. So whoever receives has to do so quicker than others can send, and to bound what it
    // has.
    socket.set(zmq::sockopt::rcvhwm, 0);
    // Dead connections; hung programs show in statuses that do not come.
    socket.set(zmq::sockopt::heartbeat_ivl, 5'000);
    socket.set(zmq::sockopt::heartbeat_timeout, 15'000);
    socket.set(zmq::sockopt::heartbeat_ttl, 15'000);
}

bool send_parts(zmq::socket_t& socket, const Frames& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
        auto flags = zmq::send_flags::dontwait;
        if (i + 1 < frames.size()) flags = flags | zmq::send_flags::sndmore;
        // Only the first part of a message can be refused.
        if (!socket.send(zmq::buffer(frames[i]), flags)) return false;
    }
    return true;
}

bool pass_parts(zmq::socket_t& socket, std::vector<zmq::message_t>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto flags = zmq::send_flags::dontwait;
        if (i + 1 < parts.size()) flags = flags | zmq::send_flags::sndmore;
        if (!socket.send(std::move(parts[i]), flags)) return false;
    }
    return true;
}

zmq::const_buffer bytes_of(const CurveKey& key) { return zmq::buffer(key.data(), key.size()); }

void ask_for_keys(zmq::socket_t& socket, const CurveKey& secret, const char* domain) {
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_secretkey, bytes_of(secret));
    // Without both of these a missing gate would be an open one.
    socket.set(zmq::sockopt::zap_domain, domain);
    const int yes = 1;
    ensure(zmq_setsockopt(socket.handle(), zap_enforce_domain, &yes, sizeof yes) == 0,
           "libzmq turns away whom no gate lets in");
}

void show_key(zmq::socket_t& socket, const Token& token) {
    socket.set(zmq::sockopt::curve_serverkey, bytes_of(token.worker_public));
    socket.set(zmq::sockopt::curve_publickey, bytes_of(public_of(token.client_secret)));
    socket.set(zmq::sockopt::curve_secretkey, bytes_of(token.client_secret));
}

// Of a connection that a gate has let in; of others it is what the peer likes to say.
std::string property(zmq::message_t& message, const char* name) {
    const char* value = zmq_msg_gets(message.handle(), name);
    return value == nullptr ? "" : value;
}

bool receive_parts(zmq::socket_t& socket, std::vector<zmq::message_t>& parts) {
    do {
        zmq::message_t part;
        if (!socket.recv(part, zmq::recv_flags::dontwait)) return false;
        parts.push_back(std::move(part));
    } while (parts.back().more());
    return true;
}

}  // namespace

std::vector<std::string_view> Received::views() const {
    std::vector<std::string_view> result;
    for (const zmq::message_t& frame : frames) result.push_back(frame.to_string_view());
    return result;
}

std::size_t Received::bytes() const {
    std::size_t bytes = 0;
    for (const zmq::message_t& frame : frames) bytes += frame.size();
    return bytes;
}

Router::Router(Context& context, const std::string& endpoint, const std::optional<CurveKey>& secret)
    : socket_(context, zmq::socket_type::router) {
    set_common(socket_);
    socket_.set(zmq::sockopt::ipv6, endpoint.starts_with("tcp://["));
    asks_for_keys_ = secret.has_value();
    if (secret) ask_for_keys(socket_, *secret, domain_of_routers);
    socket_.set(zmq::sockopt::sndhwm, waiting_max);
    socket_.set(zmq::sockopt::router_mandatory, true);
    socket_.set(zmq::sockopt::backlog, 4096);
    try {
        socket_.bind(endpoint);
    } catch (const zmq::error_t& error) {
        throw Fatal(fmt::format("cannot listen on {}: {}", endpoint, error.what()));
    }
}

std::string Router::endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }

bool Router::pass_on(const std::string& peer, Received&& received) {
    try {
        if (!socket_.send(zmq::buffer(peer),
                          zmq::send_flags::dontwait | zmq::send_flags::sndmore)) {
            return false;
        }
        return pass_parts(socket_, received.frames);
    } catch (const zmq::error_t&) {
        return false;
    }
}

bool Router::send(const std::string& peer, const Frames& frames) {
    try {
        if (!socket_.send(zmq::buffer(peer),
                          zmq::send_flags::dontwait | zmq::send_flags::sndmore)) {
            return false;
        }
        return send_parts(socket_, frames);
    } catch (const zmq::error_t&) {
        return false;  // EHOSTUNREACH: the peer is gone
    }
}

std::optional<Received> Router::receive() {
    std::vector<zmq::message_t> parts;
    if (!receive_parts(socket_, parts)) return std::nullopt;
    Received received{.peer = parts.front().to_string()};
    parts.erase(parts.begin());
    // Not of the first part, which libzmq 4.3.4 lets go without them.
    if (asks_for_keys_ && !parts.empty()) {
        received.key = property(parts.front(), "User-Id");
        received.address = property(parts.front(), "Peer-Address");
    }
    // PROBE_ROUTER: a single empty frame from a new connection.
    if (parts.size() == 1 && parts.front().size() == 0) parts.clear();
    received.frames = std::move(parts);
    return received;
}

zmq::pollitem_t Router::poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

Dealer::Dealer(Context& context, const std::string& endpoint, const std::optional<Token>& token)
    : Dealer(context, token) {
    connect(endpoint);
}

Dealer::Dealer(Context& context, const std::optional<Token>& token)
    : socket_(context, zmq::socket_type::dealer) {
    set_common(socket_);
    socket_.set(zmq::sockopt::immediate, true);
    socket_.set(zmq::sockopt::probe_router, true);
    socket_.set(zmq::sockopt::reconnect_ivl, 5);
    socket_.set(zmq::sockopt::reconnect_ivl_max, 2'000);
    if (token) show_key(socket_, *token);
}

void Dealer::connect(const std::string& endpoint) {
    socket_.set(zmq::sockopt::ipv6, endpoint.starts_with("tcp://["));
    try {
        socket_.connect(endpoint);
    } catch (const zmq::error_t& error) {
        throw Fatal(fmt::format("cannot connect to {}: {}", endpoint, error.what()), 4);
    }
}

bool Dealer::send(const Frames& frames) {
    try {
        return send_parts(socket_, frames);
    } catch (const zmq::error_t&) {
        return false;
    }
}

bool Dealer::pass_on(Received&& received) {
    try {
        return pass_parts(socket_, received.frames);
    } catch (const zmq::error_t&) {
        return false;
    }
}

std::optional<Received> Dealer::receive() {
    Received received;
    if (!receive_parts(socket_, received.frames)) return std::nullopt;
    return received;
}

zmq::pollitem_t Dealer::poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

Publisher::Publisher(Context& context, const std::string& endpoint,
                     const std::optional<CurveKey>& secret)
    : socket_(context, zmq::socket_type::xpub) {
    set_common(socket_);
    socket_.set(zmq::sockopt::ipv6, endpoint.starts_with("tcp://["));
    if (secret) ask_for_keys(socket_, *secret, domain_of_publishers);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::sndhwm, publications_max);
    // Each listener is told of, not only the first: it may have come late.
    socket_.set(zmq::sockopt::xpub_verbose, true);
    try {
        socket_.bind(endpoint);
    } catch (const zmq::error_t& error) {
        throw Fatal(fmt::format("cannot publish on {}: {}", endpoint, error.what()));
    }
}

std::string Publisher::endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }

void Publisher::send(const Frames& frames) {
    try {
        send_parts(socket_, frames);
    } catch (const zmq::error_t&) {
        // It is lost, as it might be on its way.
    }
}

std::optional<Publisher::Subscription> Publisher::receive() {
    std::vector<zmq::message_t> parts;
    while (receive_parts(socket_, parts)) {
        const std::string said = parts.front().to_string();
        parts.clear();
        if (said.empty() || (said[0] != 0 && said[0] != 1)) continue;
        return Subscription{said.substr(1), said[0] == 1};
    }
    return std::nullopt;
}

zmq::pollitem_t Publisher::poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

Subscriber::Subscriber(Context& context, const std::string& endpoint,
                       const std::vector<std::string>& topics, const std::optional<Token>& token)
    : socket_(context, zmq::socket_type::sub) {
    set_common(socket_);
    socket_.set(zmq::sockopt::ipv6, endpoint.starts_with("tcp://["));
    if (token) show_key(socket_, *token);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::reconnect_ivl, 5);
    socket_.set(zmq::sockopt::reconnect_ivl_max, 2'000);
    for (const std::string& topic : topics) socket_.set(zmq::sockopt::subscribe, topic);
    try {
        socket_.connect(endpoint);
    } catch (const zmq::error_t& error) {
        throw Fatal(fmt::format("cannot listen to {}: {}", endpoint, error.what()), 4);
    }
}

std::optional<Received> Subscriber::receive() {
    Received received;
    if (!receive_parts(socket_, received.frames)) return std::nullopt;
    return received;
}

zmq::pollitem_t Subscriber::poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

void wait_for(std::vector<zmq::pollitem_t>& items, std::chrono::nanoseconds timeout) {
    const auto longest = std::chrono::hours(1);
    const auto wait =
        std::clamp<std::chrono::nanoseconds>(timeout, std::chrono::nanoseconds(0), longest);
    // Rounded up: waking before a deadline would only mean waiting again.
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait);
    try {
        zmq::poll(items, milliseconds);
    } catch (const zmq::error_t& error) {
        if (error.num() != EINTR) throw;
        for (zmq::pollitem_t& item : items) item.revents = 0;
    }
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace xgrid
