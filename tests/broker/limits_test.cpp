#include "broker/limits.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;
using namespace std::chrono_literals;

namespace {

const Instant start{1h};

}  // namespace

TEST_CASE("what may be taken at once is the most, and comes back with time") {
    Allowance allowance(10, 20);  // a second; at once
    CHECK(allowance.take(start, 20));
    CHECK_FALSE(allowance.take(start, 1));
    CHECK_FALSE(allowance.take(start + 90ms, 1));
    CHECK(allowance.take(start + 110ms, 1));
    CHECK_FALSE(allowance.take(start + 110ms, 1));
    // It does not gather beyond the most.
    CHECK(allowance.take(start + 1h, 20));
    CHECK_FALSE(allowance.take(start + 1h, 1));
}

TEST_CASE("a user is held to messages, and to bytes") {
    const UserLimits limits{.messages_per_second = 1,
                            .messages_at_once = 3,
                            .bytes_per_second = 100,
                            .bytes_at_once = 1000};
    Usage many(limits);
    for (int i = 0; i < 3; ++i) CHECK(many.take(start, 1));
    CHECK_FALSE(many.take(start, 1));
    CHECK(many.take(start + 1s, 1));
    Usage large(limits);
    CHECK(large.take(start, 900));
    CHECK_FALSE(large.take(start, 200));
    CHECK(large.take(start + 2s, 200));
}

TEST_CASE("by default a worker that says all it can every millisecond is heard") {
    Usage usage{UserLimits{}};
    for (int i = 0; i < 100'000; ++i) REQUIRE(usage.take(start + i * 1ms, 10'000));
}
