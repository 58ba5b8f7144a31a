// Where peers meet: ipc:// paths and tcp:// addresses.
#pragma once

#include <string>

#include <fmt/format.h>

#include "shared/ensure.hpp"

namespace xgrid {

inline bool is_on_this_machine(const std::string& endpoint) {
    for (const char* local : {"ipc://", "tcp://127.", "tcp://localhost:", "tcp://[::1]:"}) {
        if (endpoint.starts_with(local)) return true;
    }
    return false;
}

inline bool is_endpoint(const std::string& text) {
    return text.starts_with("ipc://") || text.starts_with("tcp://");
}

/// Throws Fatal (exit code 4) for what is no endpoint.
inline void require_endpoint(const std::string& endpoint, const std::string& option) {
    if (is_endpoint(endpoint)) return;
    throw Fatal(fmt::format("{} takes an endpoint such as tcp://127.0.0.1:7555 or "
                            "ipc:///tmp/grid, not '{}'",
                            option, endpoint),
                4);
}

// Topics are published beside the broker: at a path of their own, or at a port of the system's
// choice, which the broker tells. What is not known to be of the same broker is not listened to: on
// another host, or at the end of a tunnel, the same name may be something else.

/// Where a broker that listens there publishes.
inline std::string topics_beside(const std::string& broker) {
    if (broker.starts_with("ipc://")) return broker + ".topics";
    return broker.substr(0, broker.rfind(':')) + ":*";
}

/// Where someone who has reached the broker like that hears what it publishes, as it says, at
/// `told`; empty: nowhere.
inline std::string topics_reached(const std::string& broker, const std::string& told) {
    if (broker.starts_with("ipc://")) return told == broker + ".topics" ? told : "";
    const std::size_t port = told.rfind(':');
    if (!broker.starts_with("tcp://") || !told.starts_with("tcp://") || port < 6) return "";
    return broker.substr(0, broker.rfind(':')) + told.substr(port);
}

}  // namespace xgrid
