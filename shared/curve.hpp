// Who may connect: keys for ZeroMQ's CURVE, and the one of a context who is asked about each key.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "shared/socket.hpp"
#include "shared/token.hpp"

namespace xgrid {

/// Fresh ones.
WorkerKeys make_worker_keys();
/// What clients get.
Token token_for(const WorkerKeys& keys);
CurveKey public_of(const CurveKey& secret);
CurveKey fresh_secret();

/// One who wants in.
struct Caller {
    CurveKey key{};
    std::string domain;   // of the socket (domain_of_*)
    std::string address;  // of its host, in numbers; empty: none is known
};

/// Is asked of each new connection to the sockets that ask for keys, before which it is to be made.
/// Each of their messages then has the caller's key with it.
class Gate {
public:
    using Lets = std::function<bool(const Caller&)>;
    Gate(Context& context, Lets lets);
    /// Lets these in, and nobody else.
    Gate(Context& context, std::set<CurveKey> allowed);

    /// Answers all who are waiting.
    void answer();
    zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }
    /// So many had another key.
    std::uint64_t denied() const { return denied_; }

private:
    zmq::socket_t socket_;
    Lets lets_;
    std::uint64_t denied_ = 0;
};

}  // namespace xgrid
