// What may become of a connection, as its socket tells it (handshakes.hpp).
#pragma once

#include <cstdint>

namespace xgrid {

enum class Handshake : std::uint8_t {
    done,     // the peers understand each other, and each lets the other in
    denied,   // the other side knows who we are, and does not let us in
    failed,   // what the other side says is wrong: another key, or not how we speak
    cut,      // the other side has gone before that, as one does who finds us wrong
    refused,  // there is nobody
    lost,     // a connection is gone
};

}  // namespace xgrid
