#include "broker/incidents.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

namespace {

const Instant start = Instant() + std::chrono::hours(9);
constexpr Duration minute = std::chrono::minutes(1);

// Jobs of that many projects die there, a minute apart; the last one now.
std::optional<Incidents::Pause> die(Incidents& incidents, Instant now, int projects,
                                    const std::string& first = "") {
    std::optional<Incidents::Pause> pause;
    for (int i = projects - 1; i >= 0; --i) {
        pause = incidents.add(now - i * minute, "anvil", first + std::to_string(i));
    }
    return pause;
}

}  // namespace

TEST_CASE("a worker where jobs of several projects die has nothing new for a while") {
    Incidents incidents;
    CHECK(!die(incidents, start, 2));
    const auto pause = incidents.add(start + minute, "anvil", "other");
    REQUIRE(pause);
    CHECK(pause->until == start + minute + Incidents::pause_least);
    CHECK(pause->why ==
          "jobs of 3 projects died there one after the other; it is tried again after 30 s");
    CHECK(incidents.pause(start + minute, "anvil") == pause);
    CHECK(!incidents.pause(start + minute, "other"));
    CHECK(!incidents.pause(pause->until, "anvil"));
}

TEST_CASE("a project alone suspects nobody, nor does what happens in one moment") {
    Incidents incidents;
    for (int i = 0; i < 9; ++i) CHECK(!incidents.add(start + i * minute, "anvil", "same"));
    for (const char* run : {"a", "b", "c", "d"}) {
        CHECK(!incidents.add(start + 30 * minute, "other", run));
    }
}

TEST_CASE("what was long ago does not count") {
    Incidents incidents;
    CHECK(!die(incidents, start, 2));
    CHECK(!incidents.add(start + Incidents::span + minute, "anvil", "late"));
}

TEST_CASE("each further pause is longer, until all was well for long") {
    Incidents incidents;
    const auto first = die(incidents, start, 3);
    REQUIRE(first);
    const Instant later = first->until + 5 * minute;
    const auto second = die(incidents, later, 3, "again");
    REQUIRE(second);
    CHECK(second->until == later + 2 * Incidents::pause_least);
    const Instant much_later = later + Incidents::forgiven_after + 5 * minute;
    const auto third = die(incidents, much_later, 3, "once more");
    REQUIRE(third);
    CHECK(third->until == much_later + Incidents::pause_least);
}
