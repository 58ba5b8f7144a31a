// How many tests one process is given. A process costs its start, whatever it runs then: it gets
// as many tests as keep that below a tenth of the whole, and few more, since what one process holds
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
    /// `alone`: the run has no other slot, which could have any of them.
    explicit Batches(Costs known = {}, bool alone = false);

    /// The size of the next batch, of so many tests that are left; at least 1, if there is one.
    std::size_t next(std::size_t left) const;
    /// One has ended, which took so long for so many tests, of them `tests_seconds` in tests.
    void ran(std::size_t tests, double seconds, double tests_seconds);

    const Costs& costs() const { return costs_; }

private:
    std::size_t size_for(double share) const;

    Costs costs_;
    bool alone_;
    std::size_t most_;  // grows with experience
};

/// That size, or the nearest one that is at most half of it away, where a suite ends, as `ends`
/// says of a number of tests: what a suite sets up is set up once then. At most `left`.
template <class Ends>
std::size_t at_suite_end(std::size_t size, std::size_t left, const Ends& ends) {
    for (std::size_t away = 0; size > 1 && away <= size / 2; ++away) {
        if (size + away <= left && ends(size + away)) return size + away;
        if (ends(size - away)) return size - away;
    }
    return size;
}

}  // namespace xgrid::worker::native
