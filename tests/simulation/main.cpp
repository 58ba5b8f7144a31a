// The simulation's program: all scenarios and a swarm of seeds; or seeds that are asked for.
#define DOCTEST_CONFIG_IMPLEMENT
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/simulation/swarm.hpp"

namespace {

using namespace xgrid::simulation;

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t seeds_in_a_test = 500;  // each takes twenty times as long
#else
constexpr std::uint64_t seeds_in_a_test = 2'500;
#endif

// Each in one grid of a hundred at least; else the swarm would show nothing about it.
constexpr std::array must_be_seen = {
    "a client is cut off",
    "a failure stands",
    "a job is given back",
    "a message is lost",
    "a message is repeated",
    "a run fails with its grid",
    "a run is cancelled",
    "a run is only collected",
    "a run is refused",
    "a run is completed",
    "a run is stopped at a limit",
    "a slot crashes at a test",
    "a slot goes on with a group",
    "a slot crashes between tests",
    "a slot crashes while it loads a unit",
    "a slot crashes while it starts",
    "a slot is slow",
    "a slot refuses to begin",
    "a slot stays when it has finished",
    "a test hangs",
    "a test is given up",
    "a teardown fails in a later job",
    "a teardown fails late",
    "a flaky test passes",
    "a test passes after all",
    "a test has a copy",
    "a test runs again",
    "a test that crashed runs again",
    "a worker is cut off",
    "a worker is cut off for too long",
    "a worker drains",
    "a worker has drained",
    "a worker is sick",
    "a worker leaves",
    "a worker restarts",
    "an interpreter dies with its slots",
    "confirming is given up",
    "groups are given back",
    "tests are given back",
    "the broker restarts",
};

// The exit code.
int play_one(std::uint64_t seed) {
    Seen seen;
    const std::string broken =
        play(seed, seen, [](const std::string& line) { fmt::print("{}\n", line); });
    fmt::print("seed {}: {}\n", seed, broken.empty() ? "every rule held" : broken);
    return broken.empty() ? 0 : 1;
}

int play_one_of(const std::string& kind, std::uint64_t seed) {
    Seen seen;
    Plan plan = kind == "--each"    ? draw_plan_of_each(seed)
                : kind == "--users" ? draw_plan_of_users(seed)
                : kind == "--needs" ? draw_plan_of_needs(seed)
                                    : draw_plan_of_lives(seed);
    plan.trace = [](const std::string& line) { fmt::print("{}\n", line); };
    const std::string broken = play(plan, seen);
    fmt::print("{} {}: {}\n", kind, seed, broken.empty() ? "every rule held" : broken);
    return broken.empty() ? 0 : 1;
}

int play_many(std::uint64_t seeds) {
    std::uint64_t failed = 0;
    Seen seen;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string broken = play(seed, seen);
        if (broken.empty()) continue;
        ++failed;
        fmt::print("seed {}: {}\n    again, with a trace: scripts/simulate --seed {}\n", seed,
                   broken, seed);
        std::fflush(stdout);
    }
    for (const auto& [what, grids] : seen) fmt::print("{:>6}  {}\n", grids, what);
    fmt::print("{} passed, {} failed\n", seeds - failed, failed);
    return failed == 0 ? 0 : 1;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// What the broker takes for a step, in grids of which each is twice as large as the one before.
int play_scale(std::size_t workers, std::size_t users, std::size_t tests) {
    fmt::print("{:>8} {:>6} {:>9} {:>10} {:>10} {:>12} {:>9}\n", "workers", "users", "tests",
               "virtual s", "steps", "broker CPU s", "us a step");
    for (const std::size_t part : {8, 4, 2, 1}) {
        const std::size_t some = std::max<std::size_t>(users / part, 1);
        Plan plan = plan_of_scale(workers / part, some, tests / part);
        plan.cpu_seconds = cpu_seconds;
        World world(std::move(plan));
        world.run();
        fmt::print("{:>8} {:>6} {:>9} {:>10.1f} {:>10} {:>12.2f} {:>9.2f}\n", workers / part, some,
                   world.judges().executions(), std::chrono::duration<double>(world.time()).count(),
                   world.broker_steps(), world.broker_seconds(),
                   world.broker_seconds() * 1e6 / static_cast<double>(world.broker_steps()));
        std::fflush(stdout);
    }
    return 0;
}

TEST_CASE("random grids keep every rule, whatever happens to them") {
    Seen seen;
    for (std::uint64_t seed = 1; seed <= seeds_in_a_test; ++seed) {
        const std::string broken = play(seed, seen);
        CHECK_MESSAGE(broken.empty(), "scripts/simulate --seed ", seed, ": ", broken);
    }
    for (const char* what : must_be_seen) {
        CHECK_MESSAGE(seen[what] >= seeds_in_a_test / 100, "seen in too few grids: ", what);
    }
}

TEST_CASE("random grids give every test to each environment once, whatever is published") {
    constexpr std::uint64_t seeds = 500;
    Seen seen;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string broken = play(draw_plan_of_each(seed), seen);
        CHECK_MESSAGE(broken.empty(), "build/tests/simulation --each ", seed, ": ", broken);
    }
    for (const char* what : {"a publication is heard", "a publication is lost",
                             "a publication is late", "an environment is lacking",
                             "an environment ends", "a run of each environment is over"}) {
        CHECK_MESSAGE(seen[what] >= seeds / 100, "seen in too few grids: ", what);
    }
}

TEST_CASE("random grids share their slots between users, and every run gets its turn") {
    constexpr std::uint64_t seeds = 500;
    Seen seen;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string broken = play(draw_plan_of_users(seed), seen);
        CHECK_MESSAGE(broken.empty(), "build/tests/simulation --users ", seed, ": ", broken);
    }
    for (const char* what : {"a slot goes to another user", "a run waits for its turn"}) {
        CHECK_MESSAGE(seen[what] >= seeds / 100, "seen in too few grids: ", what);
    }
}

TEST_CASE("random grids keep every rule when a broker with a journal dies and lives again") {
    constexpr std::uint64_t seeds = 1000;
    Seen seen;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string broken = play(draw_plan_of_lives(seed), seen);
        CHECK_MESSAGE(broken.empty(), "build/tests/simulation --lives ", seed, ": ", broken);
    }
    for (const char* what :
         {"the broker resumes", "the broker dies within a step", "the broker dies with a step kept",
          "a run is completed", "a run of each environment is over"}) {
        CHECK_MESSAGE(seen[what] >= seeds / 100, "seen in too few grids: ", what);
    }
}

TEST_CASE("random grids give units what they need, and nobody waits for ever") {
    constexpr std::uint64_t seeds = 300;
    Seen seen;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string broken = play(draw_plan_of_needs(seed), seen);
        CHECK_MESSAGE(broken.empty(), "build/tests/simulation --needs ", seed, ": ", broken);
    }
    for (const char* what :
         {"a unit waits for a lock", "a run waits for a lock of the grid", "a unit waits for slots",
          "a unit runs on several slots", "a serial unit waits for others", "a serial unit runs",
          "a unit runs with a lock"}) {
        CHECK_MESSAGE(seen[what] >= seeds / 100, "seen in too few grids: ", what);
    }
}

}  // namespace

int main(int count, char** words) {
    const auto number_at = [&](int place) { return std::strtoull(words[place], nullptr, 10); };
    if (count == 5 && std::string(words[1]) == "--scale") {
        return play_scale(number_at(2), number_at(3), number_at(4));
    }
    if (count == 3) {
        const std::uint64_t number = number_at(2);
        if (std::string(words[1]) == "--seed") return play_one(number);
        if (std::string(words[1]) == "--seeds") return play_many(number);
        for (const char* kind : {"--each", "--lives", "--needs", "--users"}) {
            if (std::string(words[1]) == kind) return play_one_of(kind, number);
        }
    }
    return doctest::Context(count, words).run();
}
