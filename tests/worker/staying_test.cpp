#include "worker/staying.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker;

namespace {

const Instant start = Instant() + std::chrono::hours(1);
constexpr Duration second = std::chrono::seconds(1);

}  // namespace

TEST_CASE("a worker that is asked to leave finishes what runs, and then does") {
    Staying staying(start, 30 * second, std::nullopt);
    CHECK(staying.advance(start, false) == Stay::works);
    CHECK(staying.next_deadline() == never);
    staying.ask(start);
    CHECK(staying.advance(start, false) == Stay::drains);
    CHECK(staying.next_deadline() == start + 30 * second);
    CHECK(staying.advance(start + second, true) == Stay::leaves);
    CHECK(staying.next_deadline() == never);
}

TEST_CASE("a worker that has nothing to do leaves as soon as it is asked") {
    Staying staying(start, 30 * second, std::nullopt);
    staying.ask(start);
    CHECK(staying.advance(start, true) == Stay::leaves);
}

TEST_CASE("a worker leaves at once when it is asked twice, or what runs takes too long") {
    Staying staying(start, 30 * second, std::nullopt);
    staying.ask(start);
    SUBCASE("twice") {
        staying.ask(start);
        CHECK(staying.advance(start, false) == Stay::leaves);
    }
    SUBCASE("too long") {
        CHECK(staying.advance(start + 29 * second, false) == Stay::drains);
        CHECK(staying.advance(start + 30 * second, false) == Stay::leaves);
    }
}

TEST_CASE("a worker leaves when it was idle for long, counted from its last job") {
    Staying staying(start, std::nullopt, 5 * second);
    CHECK(staying.next_deadline() == start + 5 * second);
    CHECK(staying.advance(start + 4 * second, true) == Stay::works);
    CHECK(staying.advance(start + 4 * second, false) == Stay::works);
    CHECK(staying.next_deadline() == never);
    CHECK(staying.advance(start + 9 * second, true) == Stay::works);
    CHECK(staying.advance(start + 13 * second, true) == Stay::works);
    CHECK(staying.advance(start + 14 * second, true) == Stay::leaves);
}
