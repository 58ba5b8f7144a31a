// The simulation's program: all scenarios and a swarm of seeds; or seeds that are asked for.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/simulation/swarm.hpp"

namespace {

using namespace xgrid::simulation;

constexpr std::uint64_t seeds_in_a_test = 2'500;

// The exit code.
int play_one(std::uint64_t seed) {
    const std::string broken =
        play(seed, [](const std::string& line) { fmt::print("{}\n", line); });
    fmt::print("seed {}: {}\n", seed, broken.empty() ? "every rule held" : broken);
    return broken.empty() ? 0 : 1;
}

int play_many(std::uint64_t seeds) {
    std::uint64_t failed = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string broken = play(seed);
        if (broken.empty()) continue;
        ++failed;
        fmt::print("seed {}: {}\n    again, with a trace: scripts/simulate --seed {}\n", seed,
                   broken, seed);
        std::fflush(stdout);
    }
    fmt::print("{} passed, {} failed\n", seeds - failed, failed);
    return failed == 0 ? 0 : 1;
}

TEST_CASE("random grids keep every rule, whatever happens to them") {
    for (std::uint64_t seed = 1; seed <= seeds_in_a_test; ++seed) {
        const std::string broken = play(seed);
        CHECK_MESSAGE(broken.empty(), "scripts/simulate --seed ", seed, ": ", broken);
    }
}

}  // namespace

int main(int count, char** words) {
    if (count == 3) {
        const std::uint64_t number = std::strtoull(words[2], nullptr, 10);
        if (std::string(words[1]) == "--seed") return play_one(number);
        if (std::string(words[1]) == "--seeds") return play_many(number);
    }
    return doctest::Context(count, words).run();
}
