// Named grids: each shows one rule, most of them because a seed or a person once broke it.
#include <algorithm>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "tests/simulation/world.hpp"

namespace {

using namespace xgrid;
using namespace xgrid::simulation;

// So many units of so many tests that take so long each.
Suite suite_of(std::size_t units, std::size_t tests, Duration takes = milliseconds(10)) {
    Random random(1);
    Suite suite = draw_suite(random, {.units = units, .tests_least = tests, .tests_most = tests});
    for (auto& [name, unit] : suite.units) {
        unit.load_takes = milliseconds(5);
        for (ModelTest& test : unit.tests) test.takes = takes;
    }
    return suite;
}

ModelTest& test_of(Suite& suite, std::size_t unit, std::size_t test) {
    return std::next(suite.units.begin(), static_cast<std::ptrdiff_t>(unit))->second.tests[test];
}

Plan plan_of(Suite suite, std::uint32_t slots, std::size_t workers = 1) {
    Plan plan{.workers = workers, .slots = slots};
    plan.faults.last = Duration(0);
    RunPlan& run = plan.runs.emplace_back(RunPlan{.suite = std::move(suite)});
    run.spec.slots = slots * static_cast<std::uint32_t>(workers);
    run.spec.crashes_max = 100;
    return plan;
}

std::size_t count(const Told& told, Outcome outcome) {
    return static_cast<std::size_t>(std::ranges::count_if(told.verdicts, [&](const auto& verdict) {
        return verdict.second.result.outcome == outcome;
    }));
}

}  // namespace

TEST_CASE("every test of a suite passes once, and the run is completed") {
    World world(plan_of(suite_of(20, 10), 4));
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 200);
    CHECK(world.told().end->end == RunEnd::completed);
    CHECK(world.judges().executions() == 200);
}

TEST_CASE("a run without tests ends") {
    World world(plan_of({}, 4));
    world.run();
    CHECK(world.told().verdicts.empty());
    CHECK(world.told().workers.size() == 1);
}

TEST_CASE("a single unit with little to do starts one slot only") {
    World world(plan_of(suite_of(1, 1), 8));
    world.run();
    CHECK(world.told().workers == std::set<std::string>{"gw0"});
}

TEST_CASE("one huge unit does not end on one slot") {
    World world(plan_of(suite_of(1, 200, milliseconds(50)), 4));
    world.run();
    CHECK(world.told().workers.size() == 4);
    CHECK(world.time() < milliseconds(50) * 200 / 4 + seconds(1));
}

TEST_CASE("a job that waits behind a long test goes to an idle slot") {
    Suite suite = suite_of(8, 1);
    test_of(suite, 0, 0).takes = seconds(20);
    World world(plan_of(std::move(suite), 2));
    world.run();
    CHECK(world.time() < seconds(21));
    std::set<std::string> beside;
    for (const auto& [test, verdict] : world.told().verdicts) beside.insert(verdict.worker);
    CHECK(beside.size() == 2);
}

TEST_CASE("a test that takes its slot down has failed, and its neighbours run once") {
    Suite suite = suite_of(2, 10);
    test_of(suite, 0, 4).behaviour = Behaviour::crashes;
    World world(plan_of(std::move(suite), 2));
    world.run();
    CHECK(count(world.told(), Outcome::failed) == 1);
    CHECK(count(world.told(), Outcome::passed) == 19);
    CHECK(world.told().crashes == 1);
    CHECK(world.judges().executions() == 20);
}

TEST_CASE("every crashing test is named, however many there are") {
    Suite suite = suite_of(5, 8);
    for (std::size_t unit = 0; unit < 5; ++unit) {
        for (std::size_t test = 0; test < 8; test += 3) {
            test_of(suite, unit, test).behaviour = Behaviour::crashes;
        }
    }
    World world(plan_of(std::move(suite), 3));
    world.run();
    CHECK(count(world.told(), Outcome::failed) == 15);
    CHECK(count(world.told(), Outcome::passed) == 25);
}

TEST_CASE("a unit that cannot be loaded is an error, and the others run") {
    Suite suite = suite_of(4, 3);
    suite.units.begin()->second.load_crashes = true;
    World world(plan_of(std::move(suite), 2));
    world.run();
    CHECK(count(world.told(), Outcome::error) == 1);
    CHECK(count(world.told(), Outcome::passed) == 9);
}

TEST_CASE("more crashes than are allowed end the run") {
    Suite suite = suite_of(1, 20);
    for (std::size_t test = 0; test < 20; ++test)
        test_of(suite, 0, test).behaviour = Behaviour::crashes;
    Plan plan = plan_of(std::move(suite), 1);
    plan.runs[0].spec.crashes_max = 3;
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::stopped);
    CHECK(world.told().end->reason == "maximum crashed workers reached: 3");
    CHECK(world.told().verdicts.size() == 4);
}

TEST_CASE("a grid whose slots cannot start says so") {
    Plan plan = plan_of(suite_of(2, 2), 2);
    plan.faults.start_crash = 1;
    plan.faults.last = seconds(60);
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::grid_failed);
    CHECK(world.told().verdicts.empty());
}

TEST_CASE("a failure limit withdraws what has not started") {
    Suite suite = suite_of(20, 20);
    for (auto& [name, unit] : suite.units) {
        for (ModelTest& test : unit.tests) test.behaviour = Behaviour::fails;
    }
    Plan plan = plan_of(std::move(suite), 4);
    plan.runs[0].spec.failures_max = 1;
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::stopped);
    CHECK(world.told().verdicts.size() <= 8);
    CHECK(world.time() < seconds(1));
}

TEST_CASE("a cancelled run ends at once, whatever its tests do") {
    Plan plan = plan_of(suite_of(4, 1, seconds(3000)), 4);
    plan.runs[0].cancelled_at = seconds(1);
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::cancelled);
    CHECK(world.time() < seconds(5));
}

TEST_CASE("a silent worker's job goes to another slot, and nobody is blamed") {
    World world(plan_of(suite_of(6, 5, milliseconds(300)), 1, 2));
    world.at(milliseconds(700), [&] { world.kill_worker(0); });
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 30);
    CHECK(world.told().workers_lost.size() == 1);
    CHECK(world.told().crashes == 0);
}

TEST_CASE("a worker that was lost and comes back obeys again") {
    World world(plan_of(suite_of(6, 5, seconds(2)), 2));
    world.at(seconds(3), [&] { world.cut_worker(0, seconds(15)); });
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 30);
    CHECK(world.told().workers_lost.size() == 2);
}

TEST_CASE("a short cut of the connection loses nothing and repeats nothing") {
    World world(plan_of(suite_of(6, 20), 2));
    for (int i = 1; i < 12; ++i) {
        world.at(milliseconds(50 * i), [&] { world.cut_worker(0, milliseconds(20)); });
        world.at(milliseconds(50 * i + 25), [&] { world.cut_client(0, milliseconds(20)); });
    }
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 120);
    CHECK(world.judges().executions() == 120);
}

TEST_CASE("a worker that comes later than the run gets its jobs at once") {
    Plan plan = plan_of(suite_of(2, 2), 2);
    plan.workers = 0;
    World world(std::move(plan));
    world.at(seconds(5), [&] { world.add_worker(); });
    world.run();
    CHECK(world.time() < seconds(6));
}

TEST_CASE("a restarted worker starts anew, and its tests run elsewhere or again") {
    World world(plan_of(suite_of(6, 10, milliseconds(100)), 2, 2));
    world.at(milliseconds(900), [&] { world.restart_worker(0); });
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 60);
}

TEST_CASE(
    "a test that is lost with its worker again and again is given up, and its neighbours run") {
    Suite suite = suite_of(2, 3);
    test_of(suite, 0, 1).takes = seconds(50);
    Plan plan = plan_of(std::move(suite), 1, 1);
    plan.faults.loss = 1e-12;  // tells the judges that workers are lost
    World world(std::move(plan));
    for (int i = 0; i < 3; ++i) world.at(seconds(5 + 40 * i), [&] { world.restart_worker(0); });
    world.run();
    CHECK(count(world.told(), Outcome::error) == 1);
    CHECK(count(world.told(), Outcome::passed) == 5);
}

TEST_CASE("a broker without memory gets what is still open") {
    World world(plan_of(suite_of(10, 10, milliseconds(20)), 2));
    world.at(milliseconds(600), [&] { world.restart_broker(); });
    world.run();
    CHECK(world.told().end->end == RunEnd::completed);
    CHECK(count(world.told(), Outcome::passed) == 100);
    // Some of what ran was not yet told, and ran again; not all of it.
    CHECK(world.judges().executions() < 150);
}

TEST_CASE("a message that is heard twice changes nothing") {
    Plan plan = plan_of(suite_of(10, 10), 3);
    plan.faults.repeat = 1;
    plan.faults.last = seconds(60);
    World world(std::move(plan));
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 100);
    CHECK(world.judges().executions() == 100);
}

TEST_CASE("half of all messages may be lost") {
    Plan plan = plan_of(suite_of(5, 5), 3);
    plan.faults.loss = 0.5;
    plan.faults.last = seconds(3000);
    World world(std::move(plan));
    world.run();
    CHECK(world.told().verdicts.size() == 25);
}

TEST_CASE("two runs share the slots, and a late one does not wait for the first to end") {
    const Suite suite = suite_of(40, 10, milliseconds(50));
    Plan plan = plan_of(suite, 2);
    RunPlan& late = plan.runs.emplace_back(RunPlan{.suite = suite});
    late.spec = plan.runs[0].spec;
    late.submitted_at = seconds(2);
    World world(std::move(plan));
    std::size_t verdicts_then = 0;
    world.at(seconds(5), [&] { verdicts_then = world.told(1).verdicts.size(); });
    world.run();
    CHECK(verdicts_then > 0);
    CHECK(world.told(0).verdicts.size() == 400);
    CHECK(world.told(1).verdicts.size() == 400);
}

TEST_CASE("tests whose id repeats are told apart") {
    Random random(3);
    Suite suite =
        draw_suite(random, {.units = 5, .tests_least = 8, .tests_most = 8, .repeats = 0.5});
    const std::size_t tests = suite.tests();
    World world(plan_of(std::move(suite), 3));
    world.run();
    CHECK(world.told().verdicts.size() == tests);
}

TEST_CASE("a job has a size that fits into a message, and all of its tests run") {
    Plan plan = plan_of(suite_of(1, 300), 2);
    plan.broker.job_tests_max = 10;
    World world(std::move(plan));
    world.at(milliseconds(300), [&] { world.restart_worker(0); });
    world.run();
    CHECK(world.told().verdicts.size() == 300);
}

TEST_CASE("a thousand workers get through twenty thousand tests, although much goes wrong") {
    Random random(7);
    Suite suite = draw_suite(random, {.units = 1000,
                                      .tests_least = 20,
                                      .tests_most = 20,
                                      .takes_most = milliseconds(200),
                                      .slow = 0.001,
                                      .fails = 0.01,
                                      .crashes = 0.001});
    Plan plan = plan_of(std::move(suite), 1, 1000);
    plan.audit_every = 5000;
    plan.steps_max = 50'000'000;
    plan.faults = {.loss = 0.01,
                   .repeat = 0.01,
                   .delay_most = milliseconds(5),
                   .reconnect_every = milliseconds(20),
                   .partition_every = milliseconds(500),
                   .worker_restart_every = milliseconds(200),
                   .slow_slot = 0.01,
                   .last = seconds(5)};
    World world(std::move(plan));
    world.run();
    CHECK(world.told().verdicts.size() == 20'000);
    MESSAGE(world.steps(), " steps, ", std::chrono::duration<double>(world.time()).count(),
            " s of virtual time");
}

TEST_CASE("a test that is given up may be the failure that stops its run") {
    Suite suite = suite_of(2, 3);
    test_of(suite, 0, 1).takes = seconds(50);
    Plan plan = plan_of(std::move(suite), 2);
    plan.runs[0].spec.failures_max = 1;
    plan.faults.loss = 1e-12;  // tells the judges that workers are lost
    World world(std::move(plan));
    for (int i = 0; i < 3; ++i) world.at(seconds(5 + 40 * i), [&] { world.restart_worker(0); });
    world.run();
    CHECK(world.told().end->end == RunEnd::stopped);
    CHECK(count(world.told(), Outcome::error) == 1);
}

TEST_CASE("a submission that is heard again when its run is over starts nothing") {
    Plan plan = plan_of(suite_of(1, 3), 2);
    plan.faults.repeat = 1;
    plan.faults.last = seconds(60);
    plan.runs.push_back(plan.runs[0]);
    plan.runs[1].submitted_at = seconds(5);
    World world(std::move(plan));
    world.run();
    CHECK(world.judges().executions() == 6);
}

TEST_CASE("a broker that has forgotten a run says so twice, and its client hears no event again") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Plan plan = plan_of(suite_of(5, 200), 2);
        plan.seed = seed;
        plan.faults.repeat = 1;
        plan.faults.last = seconds(60);
        World world(std::move(plan));
        world.at(milliseconds(900), [&] { world.restart_broker(); });
        world.run();
        CHECK(world.told().verdicts.size() == 1000);
        CHECK(world.told().workers_lost.empty());
    }
}
