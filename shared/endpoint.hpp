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

/// Throws Fatal (exit code 4) unless the endpoint stays on this machine: there are no keys yet, and
/// without them nothing else is safe.
inline void require_local(const std::string& endpoint, const std::string& option) {
    if (is_on_this_machine(endpoint)) return;
    throw Fatal(fmt::format("{} {}: only endpoints of this machine can be used, such as "
                            "tcp://127.0.0.1:7555 or ipc:///tmp/grid",
                            option, endpoint),
                4);
}

}  // namespace xgrid
