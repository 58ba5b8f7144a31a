// Where a job stands among those that wait: what failed last time and what is new goes first, then
// what takes longest.
#pragma once

#include <cstdint>

namespace xgrid::broker {

/// Alike: in the order in which they came.
struct Rank {
    enum class Kind : std::uint8_t { failed, fresh, known };
    Kind kind = Kind::known;
    double seconds = 0;  // 0: nobody knows

    bool goes_before(const Rank& other) const {
        return kind != other.kind ? kind < other.kind : seconds > other.seconds;
    }
};

}  // namespace xgrid::broker
