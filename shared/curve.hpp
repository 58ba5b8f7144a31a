// Who may connect: keys for ZeroMQ's CURVE, and the one of a context who is asked about each key.
#pragma once

#include <cstdint>
#include <set>

#include "shared/socket.hpp"
#include "shared/token.hpp"

namespace xgrid {

/// Fresh ones.
WorkerKeys make_worker_keys();
/// What clients get.
Token token_for(const WorkerKeys& keys);
CurveKey public_of(const CurveKey& secret);

/// Lets the peers of these keys in, and nobody else. To be made before the router that it guards.
class Gate {
public:
    Gate(Context& context, std::set<CurveKey> allowed);

    /// Answers all who are waiting.
    void answer();
    zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }
    /// So many had another key.
    std::uint64_t denied() const { return denied_; }

private:
    zmq::socket_t socket_;
    std::set<CurveKey> allowed_;
    std::uint64_t denied_ = 0;
};

}  // namespace xgrid
