// Named grids where at most tests go wrong: each shows one rule, many because a seed or a person
// broke it.
#include "tests/simulation/scenarios.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace xgrid;
using namespace xgrid::simulation;

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

TEST_CASE("a group stays with its slot when that is to be another run's") {
    Suite suite = suite_of(40, 10, milliseconds(50));
    for (std::size_t unit = 0; unit < suite.units.size(); ++unit) {
        for (std::size_t test = 0; test < 10; ++test) {
            test_of(suite, unit, test).group = fmt::format("group {}", (unit + test) % 20);
        }
    }
    Plan plan = plan_of(suite, 4);
    plan.runs[0].spec.grouping = Grouping::group;
    plan.runs.push_back(plan.runs[0]);
    plan.runs[1].submitted_at = milliseconds(500);
    World world(std::move(plan));
    world.run();
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

TEST_CASE("a test that hangs ends with its run when that is cancelled") {
    Suite suite = suite_of(4, 3);
    test_of(suite, 2, 1).behaviour = Behaviour::hangs;
    Plan plan = plan_of(std::move(suite), 2);
    plan.runs[0].cancelled_at = seconds(30);
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::cancelled);
    CHECK(world.time() < seconds(30 + 3));
    CHECK(count(world.told(), Outcome::passed) == 11);
}

TEST_CASE("a test that hangs does not keep a failure limit from ending the run") {
    Suite suite = suite_of(4, 3);
    test_of(suite, 0, 0).behaviour = Behaviour::hangs;
    test_of(suite, 3, 2).behaviour = Behaviour::fails;
    Plan plan = plan_of(std::move(suite), 2);
    plan.runs[0].spec.failures_max = 1;
    const Duration grace = plan.broker.finish_grace;
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::stopped);
    CHECK(count(world.told(), Outcome::failed) == 1);
    CHECK(world.time() > grace);
    CHECK(world.time() < grace + seconds(3));
}

TEST_CASE("tests that hang past their limit are blamed, and all others run") {
    Suite suite = suite_of(3, 8);
    for (const std::size_t test : {0U, 3U, 7U}) {
        test_of(suite, 1, test).behaviour = Behaviour::hangs;
    }
    Plan plan = plan_of(std::move(suite), 2);
    plan.runs[0].spec.timeout_seconds = 1;
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::completed);
    CHECK(count(world.told(), Outcome::failed) == 3);
    CHECK(count(world.told(), Outcome::passed) == 21);
    CHECK(world.judges().executions() == 24);
    CHECK(world.time() < seconds(12));
}

TEST_CASE("a test that hangs goes on hanging alone: its neighbours run elsewhere") {
    Suite suite = suite_of(2, 10);
    test_of(suite, 0, 2).behaviour = Behaviour::hangs;
    Plan plan = plan_of(std::move(suite), 2);
    plan.runs[0].cancelled_at = seconds(20);
    World world(std::move(plan));
    std::size_t verdicts_then = 0;
    world.at(seconds(10), [&] { verdicts_then = world.told().verdicts.size(); });
    world.run();
    CHECK(verdicts_then == 19);
}

namespace {

// Six units of three tests; the first test of the third needs what other units import.
Plan one_that_fails_alone(std::uint32_t slots) {
    Suite suite = suite_of(6, 3);
    test_of(suite, 2, 0).behaviour = Behaviour::fails_alone;
    Plan plan = plan_of(std::move(suite), slots);
    plan.runs[0].spec.confirm = true;
    return plan;
}

}  // namespace

TEST_CASE("a test that fails alone passes where everything has been collected") {
    for (const std::uint32_t slots : {1U, 2U, 8U}) {
        World world(one_that_fails_alone(slots));
        world.run();
        CHECK(count(world.told(), Outcome::passed) == 18);
        CHECK(world.told().failing.size() == 1);
        CHECK(world.judges().executions() == 19);
    }
}

TEST_CASE("a unit that is known to need it runs once") {
    Plan plan = one_that_fails_alone(2);
    plan.runs[0].spec.collected_units = {"test_00002.py"};
    World world(std::move(plan));
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 18);
    CHECK(world.told().failing.empty());
    CHECK(world.judges().executions() == 18);
    CHECK(world.told().workers == std::set<std::string>{"gw0", "gw1"});
}

TEST_CASE("a test that fails everywhere has failed, and costs one more slot") {
    Plan plan = one_that_fails_alone(2);
    test_of(plan.runs[0].suite, 2, 0).behaviour = Behaviour::fails;
    World world(std::move(plan));
    world.run();
    CHECK(count(world.told(), Outcome::failed) == 1);
    CHECK(world.told().workers.size() == 3);
    CHECK(world.judges().executions() == 19);
}

TEST_CASE("too many failures are not confirmed, and no slot starts for them") {
    Plan plan = one_that_fails_alone(2);
    for (std::size_t unit = 0; unit < 6; ++unit) {
        test_of(plan.runs[0].suite, unit, 1).behaviour = Behaviour::fails;
    }
    plan.broker.confirmations_max = 3;
    World world(std::move(plan));
    world.run();
    CHECK(count(world.told(), Outcome::failed) == 7);
    CHECK(world.told().gave_up_confirming);
    CHECK(world.told().workers.size() == 2);
}

TEST_CASE("a suite that cannot be collected as a whole keeps its failures") {
    Plan plan = one_that_fails_alone(2);
    std::next(plan.runs[0].suite.units.begin(), 5)->second.load_crashes = true;
    World world(std::move(plan));
    world.run();
    CHECK(count(world.told(), Outcome::failed) == 1);
    CHECK(count(world.told(), Outcome::passed) == 14);
    CHECK(world.told().end->end == RunEnd::completed);
}

TEST_CASE("a run that is refused ends with the code and reason of its slot, and runs nothing") {
    Plan plan = plan_of(suite_of(4, 3), 3);
    plan.runs[0].spec.arguments = {refused_argument};
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end ==
          RunFinished{RunEnd::refused, 4, "cannot begin with code 4\nand says more"});
    CHECK(world.judges().executions() == 0);
    CHECK(world.told().crashes == 0);
}

TEST_CASE("tests that are only collected are each named once, and none runs") {
    Plan plan = plan_of(suite_of(20, 10), 3);
    plan.runs[0].spec.collect_only = true;
    World world(std::move(plan));
    world.run();
    CHECK(world.told().named.size() == 200);
    CHECK(world.told().verdicts.empty());
    CHECK(world.told().end->end == RunEnd::completed);
    CHECK(world.judges().executions() == 0);
}

TEST_CASE("a teardown that fails late is told once, in whichever job it is found") {
    Suite suite = suite_of(6, 5);
    for (auto& [name, unit] : suite.units) {
        for (ModelTest& test : unit.tests) test.tears_down_late = true;
    }
    World world(plan_of(std::move(suite), 2));
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 30);
    CHECK(world.told().torn_down.size() == 30);
    CHECK(world.judges().noted().contains("a teardown fails in a later job"));
}

TEST_CASE("of a test that runs twice only the teardown after the result that counts is told") {
    Suite suite = suite_of(6, 5);
    for (auto& [name, unit] : suite.units) {
        for (ModelTest& test : unit.tests) test.tears_down_late = true;
        unit.tests[1].behaviour = Behaviour::fails;
        unit.tests[4].behaviour = Behaviour::fails_alone;
    }
    Plan plan = plan_of(std::move(suite), 2);
    plan.runs[0].spec.confirm = true;
    World world(std::move(plan));
    world.run();
    CHECK(count(world.told(), Outcome::failed) == 6);
    CHECK(world.told().torn_down.size() == 30);
    CHECK(world.judges().executions() == 42);
}
