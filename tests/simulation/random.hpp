// Random numbers that are the same on every machine: splitmix64 (Steele, Lea and Flood, 2014).
#pragma once

#include <cstdint>

#include "shared/instant.hpp"

namespace xgrid::simulation {

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }
    /// 0 to limit - 1; the slight bias does not matter here.
    std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : next() % limit; }
    bool chance(double probability) {
        return static_cast<double>(next() >> 11U) * 0x1.0p-53 < probability;
    }
    /// From least to most, both included.
    Duration between(Duration least, Duration most) {
        return least + Duration(static_cast<Duration::rep>(
                           below(static_cast<std::uint64_t>((most - least).count()) + 1)));
    }

private:
    std::uint64_t state_;
};

}  // namespace xgrid::simulation
