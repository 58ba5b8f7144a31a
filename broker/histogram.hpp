// How long something took, each time that it happened: counted by classes that Prometheus knows as
// buckets. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "shared/instant.hpp"

namespace xgrid::broker {

class Histogram {
public:
    /// In seconds; a class has what took at most that, and more than the one before. Beyond the
    /// last one there is one more class.
    static constexpr std::array bounds = {0.00001, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                          0.01,    0.025,  0.05,    0.1,    0.25,  0.5,    1.0,
                                          2.5,     5.0,    10.0,    30.0,   60.0,  300.0,  1800.0};

    void observe(Duration took) {
        const double seconds = std::max(0.0, std::chrono::duration<double>(took).count());
        const auto* bound = std::ranges::lower_bound(bounds, seconds);
        ++counts_.at(static_cast<std::size_t>(std::distance(bounds.begin(), bound)));
        sum_ += seconds;
    }

    /// Of each class.
    const std::array<std::uint64_t, bounds.size() + 1>& counts() const { return counts_; }
    /// Of all that was observed, in seconds.
    double sum() const { return sum_; }

private:
    std::array<std::uint64_t, bounds.size() + 1> counts_{};
    double sum_ = 0;
};

}  // namespace xgrid::broker
