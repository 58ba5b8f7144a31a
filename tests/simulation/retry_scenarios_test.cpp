// Named grids where tests that have failed run again.
#include <doctest/doctest.h>

#include "tests/simulation/scenarios.hpp"

using namespace xgrid;
using namespace xgrid::simulation;

namespace {

Plan with_one_failure(std::uint32_t slots, std::size_t workers) {
    Suite suite = suite_of(4, 5);
    test_of(suite, 0, 0).behaviour = Behaviour::fails;
    Plan plan = plan_of(std::move(suite), slots, workers);
    plan.runs[0].spec.retries = 2;
    return plan;
}

}  // namespace

TEST_CASE("a test that always fails runs as often as it may, and its neighbours once") {
    World world(with_one_failure(2, 2));
    world.run();
    CHECK(count(world.told(), Outcome::failed) == 1);
    CHECK(count(world.told(), Outcome::passed) == 19);
    CHECK(world.judges().executions() == 22);
}

TEST_CASE("a test runs again with a single slot, and does not wait for another one") {
    World world(with_one_failure(1, 1));
    world.run();
    CHECK(world.judges().executions() == 22);
    CHECK(world.time() < seconds(1));
}

TEST_CASE("a small run that fails on one worker gets a slot of another one") {
    Suite suite = suite_of(1, 1);
    test_of(suite, 0, 0).behaviour = Behaviour::fails;
    Plan plan = plan_of(std::move(suite), 2, 2);
    plan.runs[0].spec.retries = 1;
    World world(std::move(plan));
    world.run();
    CHECK(world.told().workers.size() == 2);
    CHECK(world.time() < seconds(1));
}

TEST_CASE("a broker that dies and lives again knows how often a test has run") {
    Suite suite = suite_of(1, 1, seconds(1));
    test_of(suite, 0, 0).behaviour = Behaviour::fails;
    Plan plan = plan_of(std::move(suite), 1, 1);
    plan.broker.journal = true;
    plan.runs[0].spec.retries = 2;
    plan.runs[0].order.stays = true;
    World world(std::move(plan));
    world.at(milliseconds(1500), [&] { world.restart_broker(); });
    world.at(milliseconds(2700), [&] { world.restart_broker(); });
    world.run();
    CHECK(world.judges().executions() == 3);
}
