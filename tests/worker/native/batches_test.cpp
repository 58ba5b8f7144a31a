#include "worker/frameworks/native/batches.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

using namespace xgrid::worker::native;

namespace {

struct Totals {
    std::size_t processes = 0;
    double seconds = 0;
    double longest = 0;  // of a process
};

// All tests of a unit run in one slot, each with what it and each process really take.
Totals run(std::size_t tests, double start, double each, Costs known = {}) {
    Batches batches(known);
    Totals totals;
    for (std::size_t left = tests; left > 0;) {
        const std::size_t size = batches.next(left);
        REQUIRE(size >= 1);
        REQUIRE(size <= left);
        const double in_tests = static_cast<double>(size) * each;
        batches.ran(size, start + in_tests, in_tests);
        ++totals.processes;
        totals.seconds += start + in_tests;
        totals.longest = std::max(totals.longest, start + in_tests);
        left -= size;
    }
    return totals;
}

}  // namespace

TEST_CASE("starts cost about a tenth at most, from nothing known") {
    for (const double start : {0.005, 0.1, 1.0}) {
        for (const double each : {0.0001, 0.005, 0.05, 0.5}) {
            CAPTURE(start);
            CAPTURE(each);
            const double whole = start + 2000 * each;
            const Totals totals = run(2000, start, each);
            // Three small batches at most come before it is known what tests take.
            CHECK(totals.seconds <= 1.12 * whole + 3 * start);
        }
    }
}

TEST_CASE("what is known from before is used from the first batch on") {
    CHECK(run(2000, 0.1, 0.005, {0.1, 0.005}).seconds <= 1.13 * (0.1 + 2000 * 0.005));
    CHECK(run(2000, 0.1, 0.00001, {0.1, 0.00001}).processes == 1);
}

TEST_CASE("without another slot one process has them all") {
    CHECK(Batches({0.1, 0.005}, true).next(9'000) == 9'000);
    CHECK(Batches({}, true).next(9'000) == 9'000);
    CHECK(Batches({}, true).next(90'000) == 10'000);
}

TEST_CASE("half is left for other slots, as far as starts allow") {
    const Batches batches({0.1, 0.005});
    CHECK(batches.next(10'000) == 380);
    CHECK(batches.next(500) == 250);
    CHECK(batches.next(270) == 180);
    CHECK(batches.next(269) == 269);  // another start for 89 would be more than a tenth
    CHECK(batches.next(100) == 100);
}

TEST_CASE("long tests are not held back by others in their process") {
    // A start is a tenth of one of these already.
    CHECK(Batches({0.01, 1.0}).next(100) == 1);
    CHECK(run(100, 0.01, 1.0).longest < 17);
    CHECK(run(100, 0.01, 1.0, {0.01, 1.0}).longest < 1.1);
}

TEST_CASE("a batch of fast tests does not make one of slow tests huge at once") {
    Batches batches;
    CHECK(batches.next(100'000) == 16);
    batches.ran(16, 0.1, 0.00001);
    CHECK(batches.next(100'000) == 256);
    batches.ran(256, 0.1, 0.00001);
    CHECK(batches.next(100'000) == 4096);
    CHECK(batches.next(7'000) == 4096);  // however little the rest would be worth
}

TEST_CASE("no size for nothing, whatever was measured") {
    CHECK(Batches().next(0) == 0);
    Batches batches;
    batches.ran(0, 5, 0);
    batches.ran(3, 1, 2);  // clocks that disagree
    CHECK(batches.costs().start_seconds == 0);
    CHECK(batches.next(7) >= 1);
    CHECK(batches.next(7) <= 7);
}

TEST_CASE("a batch ends where a suite does, if one does near") {
    const auto ends_at = [](std::vector<std::size_t> ends) {
        return [ends](std::size_t at) { return std::ranges::find(ends, at) != ends.end(); };
    };
    CHECK(at_suite_end(16, 100, ends_at({10, 20, 30})) == 20);
    CHECK(at_suite_end(16, 100, ends_at({14, 40})) == 14);
    CHECK(at_suite_end(16, 100, ends_at({16})) == 16);
    CHECK(at_suite_end(16, 100, ends_at({7, 25})) == 16);  // too far
    CHECK(at_suite_end(16, 32, ends_at({32})) == 16);      // leaves the others nothing
    CHECK(at_suite_end(16, 30, ends_at({31})) == 16);
    CHECK(at_suite_end(1, 100, ends_at({2})) == 1);  // long tests: no company is better
    CHECK(at_suite_end(0, 0, ends_at({})) == 0);
}
