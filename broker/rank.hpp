// Where a job stands among those that wait: what failed last time goes first, then what is new,
// then what is short and fails now and then, then the others. Of each kind, what finds most
// failures in a second, and then what takes longest.
#pragma once

#include <cstdint>

namespace xgrid::broker {

/// Alike: in the order in which they came.
struct Rank {
    enum class Kind : std::uint8_t { failed, fresh, fragile, known };
    Kind kind = Kind::known;
    double seconds = 0;   // 0: nobody knows
    double failures = 0;  // expected in a second; 0 for what is merely known

    bool goes_before(const Rank& other) const {
        if (kind != other.kind) return kind < other.kind;
        return failures != other.failures ? failures > other.failures : seconds > other.seconds;
    }
};

}  // namespace xgrid::broker
