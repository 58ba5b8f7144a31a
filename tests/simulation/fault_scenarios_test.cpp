// Named grids where workers, brokers or messages go missing: each shows one rule, many because a
// seed broke it.
#include <chrono>

#include <doctest/doctest.h>

#include "tests/simulation/scenarios.hpp"

using namespace xgrid;
using namespace xgrid::simulation;

TEST_CASE("a grid whose slots cannot start says so") {
    Plan plan = plan_of(suite_of(2, 2), 2);
    plan.faults.start_crash = 1;
    plan.faults.last = seconds(60);
    World world(std::move(plan));
    world.run();
    CHECK(world.told().end->end == RunEnd::grid_failed);
    CHECK(world.told().verdicts.empty());
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
    World world(std::move(plan));
    for (int i = 0; i < 3; ++i) world.at(seconds(5 + 40 * i), [&] { world.restart_worker(0); });
    world.run();
    CHECK(count(world.told(), Outcome::error) == 1);
    CHECK(count(world.told(), Outcome::passed) == 5);
}

TEST_CASE("a worker that drains finishes what runs, and the rest runs elsewhere, each test once") {
    World world(plan_of(suite_of(6, 20, milliseconds(100)), 2, 2));
    world.at(milliseconds(1500), [&] { world.drain_worker(0, seconds(60)); });
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 120);
    CHECK(world.judges().executions() == 120);
    CHECK(world.told().workers_lost.empty());
    CHECK(world.told().crashes == 0);
}

TEST_CASE("nobody is given up for workers that leave, however often they do") {
    Suite suite = suite_of(2, 3);
    test_of(suite, 0, 1).takes = seconds(20);
    World world(plan_of(std::move(suite), 1, 1));
    for (int i = 0; i < 6; ++i) {
        world.at(seconds(5 + 10 * i), [&] { world.drain_worker(0, seconds(2)); });
    }
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 6);
    CHECK(world.told().crashes == 0);
}

TEST_CASE("a worker that is sick gets nothing until it is well") {
    World world(plan_of(suite_of(6, 10, milliseconds(100)), 1, 1));
    world.at(milliseconds(500), [&] { world.sicken_worker(0, seconds(30)); });
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 60);
    CHECK(world.judges().executions() == 60);
    CHECK(world.told().workers_lost.empty());
    CHECK(world.time() > seconds(30));
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
                   .slowness = 2,
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
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Plan plan = plan_of(suite_of(5, 200), 2);
        plan.seed = seed;
        plan.audit_every = 50;
        plan.faults.repeat = 1;
        plan.faults.last = seconds(60);
        World world(std::move(plan));
        world.at(milliseconds(900), [&] { world.restart_broker(); });
        world.run();
        CHECK(world.told().verdicts.size() == 1000);
        CHECK(world.told().workers_lost.empty());
    }
}

TEST_CASE("an interpreter that dies takes its slots with it, and no test is blamed") {
    World world(plan_of(suite_of(8, 5, milliseconds(300)), 3));
    world.at(milliseconds(1000), [&] { world.end_interpreter(0); });
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 40);
    CHECK(world.told().crashes == 0);
    CHECK(world.told().workers_lost.size() == 3);
    // Each slot was at one test.
    CHECK(world.judges().executions() <= 43);
}

TEST_CASE("interpreters that die again and again give up the tests that they ran, and no others") {
    Suite suite = suite_of(2, 3);
    test_of(suite, 0, 1).takes = seconds(50);
    World world(plan_of(std::move(suite), 2));
    for (int i = 0; i < 3; ++i) world.at(seconds(5 + 40 * i), [&] { world.end_interpreter(0); });
    world.run();
    CHECK(count(world.told(), Outcome::error) == 1);
    CHECK(count(world.told(), Outcome::passed) == 5);
}

TEST_CASE("an interpreter that dies while its slots finish changes nothing") {
    for (int at = 100; at < 400; at += 2) {
        World world(plan_of(suite_of(3, 2, milliseconds(20)), 3));
        world.at(milliseconds(at), [&] { world.end_interpreter(0); });
        world.run();
        CHECK(count(world.told(), Outcome::passed) == 6);
        CHECK(world.told().crashes == 0);
    }
}

TEST_CASE("a slot that stays when it has finished is ended, and the run does not wait for it") {
    Plan plan = plan_of(suite_of(4, 3), 2);
    plan.faults.stays = 1;
    World world(std::move(plan));
    Duration ended{0};
    for (int at = 100; at < 5000; at += 100) {
        world.at(milliseconds(at), [&] {
            if (world.told().end && ended.count() == 0) ended = world.time();
        });
    }
    world.run();
    CHECK(ended < seconds(1));
    CHECK(world.time() > seconds(5));
    CHECK(world.time() < seconds(5 + 3));
}

TEST_CASE("what a slot did before it crashed counts, whatever is heard of first") {
    Suite suite = suite_of(4, 1, milliseconds(100));
    test_of(suite, 0, 0).behaviour = Behaviour::crashes;
    test_of(suite, 1, 0).behaviour = Behaviour::crashes;
    test_of(suite, 3, 0).takes = seconds(1);
    World world(plan_of(std::move(suite), 1));
    // The job of unit 1, given back by the first slot, has a lower number than that of unit 3, and
    // comes after it.
    world.at(milliseconds(700), [&] { world.cut_worker(0, seconds(3)); });
    world.run();
    CHECK(count(world.told(), Outcome::failed) == 2);
    CHECK(world.judges().executions() == 4);
}

TEST_CASE("a worker that leaves hands its jobs over, and no test is blamed") {
    World world(plan_of(suite_of(8, 5, milliseconds(300)), 2, 2));
    world.at(milliseconds(1000), [&] { world.leave_worker(0); });
    world.run();
    CHECK(count(world.told(), Outcome::passed) == 40);
    CHECK(world.told().crashes == 0);
    CHECK(world.time() < seconds(6));
}

TEST_CASE("a slot that dies between two tests takes no verdict back, and blames nobody") {
    Plan plan = plan_of(suite_of(6, 20), 2);
    plan.faults.between_crash = 0.05;
    plan.faults.last = seconds(60);
    plan.broker.losses_max = 100;  // else the rest of a job that is lost so often is given up
    World world(std::move(plan));
    world.run();
    CHECK(world.told().crashes > 0);
    CHECK(count(world.told(), Outcome::passed) == 120);
    CHECK(world.judges().executions() == 120);
}

TEST_CASE("neighbours of a test that is given up at its first loss run") {
    Suite suite = suite_of(2, 3);
    test_of(suite, 0, 1).takes = seconds(50);
    Plan plan = plan_of(std::move(suite), 1);
    plan.broker.losses_max = 1;
    World world(std::move(plan));
    world.at(seconds(5), [&] { world.end_interpreter(0); });
    world.run();
    CHECK(count(world.told(), Outcome::error) == 1);
    CHECK(count(world.told(), Outcome::passed) == 5);
}

TEST_CASE("a broker without memory has no test named again that is only collected") {
    for (int at = 50; at < 400; at += 10) {
        Plan plan = plan_of(suite_of(20, 10), 2);
        plan.runs[0].spec.collect_only = true;
        World world(std::move(plan));
        world.at(milliseconds(at), [&] { world.restart_broker(); });
        world.run();
        CHECK(world.told().named.size() == 200);
        CHECK(world.judges().executions() == 0);
    }
}

TEST_CASE("an echo of what a client had of one broker lets another broker forget nothing") {
    // Early, when it had little; and what the other one says is long on its way.
    for (int at = 500; at < 1500; at += 20) {
        Plan plan = plan_of(suite_of(10, 10, milliseconds(20)), 2);
        plan.faults.repeat = 1;
        plan.faults.delay_least = milliseconds(100);
        plan.faults.delay_most = milliseconds(300);
        plan.faults.last = seconds(5);
        World world(std::move(plan));
        world.at(milliseconds(at), [&] { world.restart_broker(); });
        world.run();
        CHECK(count(world.told(), Outcome::passed) == 100);
    }
}

TEST_CASE("what was done for one broker is no fact for another, under the same number either") {
    // A worker goes on telling of its old attempts as long as no orders of the new broker arrive.
    for (int at = 10; at < 200; at += 5) {
        World world(plan_of(suite_of(10, 10, milliseconds(20)), 2));
        world.at(milliseconds(at), [&] { world.deafen_worker(0, seconds(4)); });
        world.at(milliseconds(at + 20), [&] { world.restart_broker(); });
        world.run();
        CHECK(count(world.told(), Outcome::passed) == 100);
    }
}
