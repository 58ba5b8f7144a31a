// What becomes of a socket's connections, as libzmq tells it. Knows no message.
#pragma once

#include <optional>

#include "shared/handshake.hpp"
#include "shared/socket.hpp"

namespace xgrid {

class Handshakes {
public:
    /// Of a socket that has not connected nor been bound yet, and outlives this.
    Handshakes(Context& context, zmq::socket_t& watched);
    Handshakes(const Handshakes&) = delete;
    Handshakes& operator=(const Handshakes&) = delete;
    ~Handshakes();

    /// The next one.
    std::optional<Handshake> next();
    /// Names the connection that the last one of next() was about, if it is lost. Another may have
    /// got the name meanwhile.
    int connection() const { return connection_; }
    zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

private:
    zmq::socket_t* watched_;
    zmq::socket_t socket_;
    int connection_ = -1;
};

/// The connection that it came by, as Handshakes names it; -1: that is not known.
int connection_of(const Received& received);

}  // namespace xgrid
