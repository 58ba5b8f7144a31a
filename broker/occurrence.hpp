// What a log of who did what has lines of. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace xgrid::broker {

/// Empty fields are left out.
struct Occurrence {
    std::string action;  // connected, denied, submit, cancel, revoked, ...
    std::string user;
    std::string key;  // its fingerprint
    std::string address;
    std::string about;  // what peers may have a say in, of any length

    friend bool operator==(const Occurrence&, const Occurrence&) = default;
};

/// One line, without its end, whatever is in it; `time` in seconds since 1970:
/// 2026-11-26T17:00:00Z submit user=ann key=3vBq... address=10.0.0.7 run=4f1c...
std::string line_of(std::int64_t time, const Occurrence& occurrence);

}  // namespace xgrid::broker
