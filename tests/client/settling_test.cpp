#include "client/settling.hpp"

#include <doctest/doctest.h>

namespace xgrid::client {
namespace {

constexpr Instant start{std::chrono::hours(1)};
constexpr Duration ms = std::chrono::milliseconds(1);

TEST_CASE("without a change there is nothing to wait for") {
    Settling settling;
    CHECK(settling.due() == never);
    settling.note(start);
    settling.clear();
    CHECK(settling.due() == never);
}

TEST_CASE("a single change is looked at after a short time") {
    Settling settling;
    settling.note(start);
    CHECK(settling.due() == start + 30 * ms);
}

TEST_CASE("the longer a burst, the longer it must have been quiet") {
    Settling settling;
    settling.note(start);
    settling.note(start + 120 * ms);
    CHECK(settling.due() == start + 240 * ms);
    settling.note(start + 900 * ms);
    CHECK(settling.due() == start + 1200 * ms);
}

TEST_CASE("a burst without end is looked at all the same") {
    Settling settling;
    for (int i = 0; i <= 5000; i += 10) settling.note(start + i * ms);
    CHECK(settling.due() == start + 2000 * ms);
}

}  // namespace
}  // namespace xgrid::client
