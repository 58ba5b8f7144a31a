// How many tests one process is given. A process costs its start, whatever it runs then: it gets
// as many tests as keep that below a tenth of the whole, and no more, since what one process holds
// nobody else can have. Pure.
#pragma once

#include <cstddef>

namespace xgrid::worker::native {

/// What is known of a unit's programs; 0: nothing yet.
struct Costs {
    double start_seconds = 0;  // of a process, without its tests
    double test_seconds = 0;   // of a test, on average
    friend bool operator==(const Costs&, const Costs&) = default;
};

class Batches {
public:
    explicit Batches(Costs known = {});

    /// The size of the next batch, of so many tests that are left; at least 1, if there is one.
    std::size_t next(std::size_t left) const;
    /// One has ended, which took so long for so many tests, of them `tests_seconds` in tests.
    void ran(std::size_t tests, double seconds, double tests_seconds);

    const Costs& costs() const { return costs_; }

private:
    Costs costs_;
    std::size_t most_ = 0;  // grows with experience
};

}  // namespace xgrid::worker::native
