#include "tests/simulation/swarm.hpp"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "tests/simulation/scenarios.hpp"

namespace xgrid::simulation {
namespace {

// Most seeds have most knobs off, so that each fault is also seen alone.
bool often(Random& random) { return random.chance(0.3); }

Faults draw_faults(Random& random) {
    Faults faults;
    if (often(random)) faults.loss = 0.001 * static_cast<double>(random.below(200));
    if (often(random)) faults.repeat = 0.001 * static_cast<double>(random.below(300));
    if (often(random)) faults.delay_most = random.between(milliseconds(1), milliseconds(200));
    if (often(random)) faults.reconnect_every = random.between(milliseconds(50), seconds(5));
    if (often(random)) faults.partition_every = random.between(seconds(1), seconds(20));
    faults.partition_lasts = random.between(milliseconds(100), seconds(12));
    if (often(random)) faults.worker_restart_every = random.between(milliseconds(200), seconds(20));
    if (random.chance(0.15))
        faults.broker_restart_every = random.between(milliseconds(300), seconds(20));
    if (random.chance(0.15))
        faults.worker_leave_every = random.between(milliseconds(200), seconds(10));
    if (random.chance(0.15))
        faults.interpreter_death_every = random.between(milliseconds(100), seconds(10));
    if (random.chance(0.15)) faults.start_crash = 0.3;
    if (random.chance(0.15)) faults.between_crash = 0.05;
    if (random.chance(0.05)) faults.refuses = 0.1;
    if (often(random)) faults.slow_slot = 0.3;
    if (often(random)) faults.stays = 0.3;
    faults.last = random.between(seconds(1), seconds(40));
    return faults;
}

SuiteShape draw_shape(Random& random) {
    SuiteShape shape;
    shape.units = random.below(20);
    shape.tests_least = random.below(2);
    shape.tests_most = shape.tests_least + random.below(random.chance(0.2) ? 100 : 12);
    shape.takes_most = random.between(Duration(0), milliseconds(100));
    if (often(random)) shape.slow = 0.1;
    if (often(random)) shape.fails = 0.2;
    if (often(random)) shape.crashes = 0.1;
    if (often(random)) shape.load_crashes = 0.1;
    if (often(random)) shape.repeats = 0.2;
    if (often(random)) shape.late = 0.1;
    if (often(random)) shape.fails_alone = random.chance(0.5) ? 0.02 : 0.2;
    return shape;
}

// From numbers of its own, so that what was drawn before stays.
void draw_retries(Plan& plan) {
    Random random(plan.seed * 2 + 5'000'001);
    if (!often(random)) return;
    const double flaky = random.chance(0.7) ? 0.1 : 0.5;
    for (RunPlan& run : plan.runs) {
        run.spec.retries = static_cast<std::uint32_t>(1 + random.below(3));
        run.spec.retry_anywhere = random.chance(0.2);
        Random suites(plan.seed * 2 + 5'000'002);  // that of all runs is the same
        draw_flaky(suites, flaky, run.suite);
    }
}

// What a broker may know of such a suite, true or not: of some units, and some of their tests.
std::vector<broker::TestsExpected> draw_expected(Random& random, const Suite& suite) {
    std::vector<broker::TestsExpected> all;
    for (std::uint32_t lane = 0; lane < 4; ++lane) {
        std::vector<broker::ExpectedUnit>& units =
            all.emplace_back(broker::TestsExpected{lane}).units;
        for (const auto& [name, unit] : suite.units) {
            if (random.chance(0.2)) continue;
            broker::ExpectedUnit known{.unit = name, .tests = 3, .failed = random.chance(0.1)};
            known.seconds = 0.01 * static_cast<double>(random.below(300));
            for (const ModelTest& test : unit.tests) {
                if (random.chance(0.6)) continue;
                known.named.push_back({test.name, 0.01 * static_cast<double>(random.below(100)),
                                       random.chance(0.1), random.chance(0.1) ? 0.2 : 0});
            }
            units.push_back(std::move(known));
        }
    }
    return all;
}

// From numbers of its own, likewise.
void draw_copies(Plan& plan) {
    Random random(plan.seed * 2 + 7'000'001);
    if (!often(random)) return;
    for (RunPlan& run : plan.runs) run.spec.duplicate_tail = true;
}

}  // namespace

Plan draw_plan(std::uint64_t seed) {
    Random random(seed * 2 + 1);
    Plan plan{.seed = seed};
    plan.workers = 1 + random.below(5);
    plan.slots = static_cast<std::uint32_t>(1 + random.below(4));
    plan.faults = draw_faults(random);
    plan.audit_every = 5;
    Random more(seed * 2 + 3'000'001);  // so that what was drawn before stays
    if (more.chance(0.15))
        plan.faults.worker_drain_every = more.between(milliseconds(200), seconds(10));
    if (more.chance(0.15))
        plan.faults.worker_sick_every = more.between(milliseconds(100), seconds(10));
    if (random.chance(0.3)) plan.broker.job_tests_max = 7;
    if (often(random)) plan.broker.losses_max = static_cast<std::uint32_t>(1 + random.below(2));
    if (often(random)) plan.broker.confirmations_max = static_cast<std::uint32_t>(random.below(8));
    SuiteShape shape = draw_shape(random);
    // Nothing but its run's end ends a test that hangs.
    const bool hangs = random.chance(0.1);
    if (hangs) shape.hangs = 0.05;
    const Grouping grouping =
        often(random) ? static_cast<Grouping>(1 + random.below(3)) : Grouping::none;
    if (grouping == Grouping::scope) shape.scopes = static_cast<std::uint32_t>(1 + random.below(4));
    if (grouping == Grouping::group) shape.groups = static_cast<std::uint32_t>(1 + random.below(9));
    const Suite suite = draw_suite(random, shape);
    const std::size_t runs = random.chance(0.2) ? 1 + random.below(4) : 1;
    for (std::size_t i = 0; i < runs; ++i) {
        RunPlan& run = plan.runs.emplace_back(RunPlan{.suite = suite});
        run.submitted_at = random.between(Duration(0), milliseconds(300));
        run.spec.slots = static_cast<std::uint32_t>(1 + random.below(12));
        run.spec.crashes_max = random.chance(0.1) ? 2 : 100'000;
        if (random.chance(0.1))
            run.spec.failures_max = static_cast<std::uint32_t>(1 + random.below(3));
        if (random.chance(0.1)) run.cancelled_at = random.between(Duration(0), seconds(3));
        if (hangs) run.cancelled_at = random.between(Duration(0), seconds(30));
        run.spec.confirm = random.chance(0.7);
        run.spec.grouping = grouping;
        if (random.chance(0.1))
            run.spec.chunk_max = static_cast<std::uint32_t>(1 + random.below(3));
        if (random.chance(0.1)) run.spec.ramp_seconds = 0.1 * static_cast<double>(random.below(30));
        run.spec.collect_only = random.chance(0.07);
        if (random.chance(0.04)) run.spec.arguments.emplace_back(refused_argument);
        if (!random.chance(0.2)) continue;
        for (const auto& [name, unit] : suite.units) {
            if (random.chance(0.3)) run.spec.collected_units.push_back(name);
        }
        run.spec.collected_units.emplace_back("one that is gone");
    }
    draw_retries(plan);
    draw_copies(plan);
    Random known(seed * 2 + 6'000'001);  // likewise
    for (RunPlan& run : plan.runs) {
        if (known.chance(0.3)) run.expected = draw_expected(known, suite);
    }
    return plan;
}

Plan draw_plan_of_each(std::uint64_t seed) {
    Plan plan = draw_plan(seed);
    Random random(seed * 2 + 1'000'001);
    plan.broker.topics = "somewhere";
    if (often(random)) plan.faults.publication_loss = random.chance(0.3) ? 1 : 0.3;
    if (often(random)) plan.faults.publication_late = 0.3;
    if (often(random)) plan.faults.listens_within = random.between(milliseconds(1), seconds(10));
    for (RunPlan& run : plan.runs) {
        run.spec.each = random.chance(0.8);
        const auto environments = static_cast<std::uint32_t>(1 + random.below(4));
        give_environments(run.spec, environments, static_cast<std::uint32_t>(1 + random.below(3)));
        for (std::uint32_t i = 0; i < environments; ++i) {
            if (random.chance(0.05)) run.lacking[i] = random.between(Duration(0), seconds(2));
        }
    }
    return plan;
}

Plan draw_plan_of_users(std::uint64_t seed) {
    Plan plan = draw_plan(seed);
    Random random(seed * 2 + 3'000'001);
    plan.audit_every = 1;
    if (random.chance(0.5)) plan.faults = {.last = Duration(0)};
    plan.workers = 1 + random.below(3);
    SuiteShape shape{.units = 1 + random.below(12)};
    shape.tests_most = 1 + random.below(20);
    shape.takes_most = random.between(milliseconds(1), milliseconds(500));
    plan.runs.front().suite = draw_suite(random, shape);
    const std::size_t users = 1 + random.below(4);
    const std::size_t runs = users + random.below(5);
    for (std::size_t i = 0; i < users; ++i) {
        broker::UserShare& share = plan.broker.shares.users[fmt::format("user {}", i)];
        if (often(random)) share.weight = 0.5 * static_cast<double>(1 + random.below(6));
        if (random.chance(0.2)) share.slots_max = static_cast<std::uint32_t>(1 + random.below(3));
    }
    const RunPlan like = plan.runs.front();
    plan.runs.clear();
    for (std::size_t i = 0; i < runs; ++i) {
        RunPlan& run = plan.runs.emplace_back(like);
        run.order.user = fmt::format("user {}", random.below(users));
        run.order.priority = static_cast<std::int32_t>(random.below(5)) - 2;
        run.order.interactive = random.chance(0.5);
        run.spec.slots = static_cast<std::uint32_t>(1 + random.below(8));
        run.submitted_at = random.between(Duration(0), seconds(3));
        run.cancelled_at.reset();
        if (random.chance(0.1)) run.cancelled_at = random.between(Duration(0), seconds(30));
    }
    return plan;
}

Plan plan_of_scale(std::size_t workers, std::size_t users, std::size_t tests) {
    constexpr std::size_t tests_of_unit = 50;
    const std::size_t units = std::max<std::size_t>(tests / users / tests_of_unit, 1);
    Plan plan = plan_of(suite_of(units, tests_of_unit, milliseconds(100)), 1, workers);
    plan.audit_every = 1'000'000;
    plan.steps_max = 1'000'000'000;
    const RunPlan like = plan.runs.front();
    for (std::size_t i = 1; i < users; ++i) plan.runs.push_back(like);
    for (std::size_t i = 0; i < users; ++i) plan.runs[i].order.user = fmt::format("user {}", i);
    return plan;
}

Plan draw_plan_of_lives(std::uint64_t seed) {
    Plan plan = seed % 4 == 0 ? draw_plan_of_each(seed) : draw_plan(seed);
    Random random(seed * 2 + 2'000'001);
    plan.broker.journal = true;
    plan.faults.broker_restart_every = random.between(milliseconds(20), seconds(3));
    if (often(random)) plan.faults.broker_dies_within = random.chance(0.5) ? 0.05 : 0.005;
    return plan;
}

Plan draw_plan_of_needs(std::uint64_t seed) {
    Plan plan = seed % 4 == 0   ? draw_plan_of_each(seed)
                : seed % 4 == 1 ? draw_plan_of_lives(seed)
                                : draw_plan(seed);
    Random random(seed * 2 + 4'000'001);
    plan.audit_every = 1;
    if (random.chance(0.4)) {
        plan.faults = {.last = Duration(0)};
        // What hangs is ended by that.
        const bool hangs = plan.runs.front().suite.hangs();
        for (RunPlan& run : plan.runs) {
            if (!hangs) run.cancelled_at.reset();
        }
    }
    NeedsShape shape{.names = 1 + static_cast<std::uint32_t>(random.below(4))};
    if (random.chance(0.8)) shape.locks = random.chance(0.5) ? 0.2 : 0.7;
    if (random.chance(0.5)) shape.wide = random.chance(0.5) ? 0.1 : 0.5;
    shape.processors_most = static_cast<std::uint32_t>(2 + random.below(5));
    if (random.chance(0.4)) shape.serial = random.chance(0.5) ? 0.1 : 0.4;
    Suite suite = plan.runs.front().suite;
    draw_needs(random, shape, suite);
    while (plan.runs.size() < 3 && random.chance(0.5)) plan.runs.push_back(plan.runs.front());
    std::map<std::string, Lock> locks;
    for (std::uint32_t i = 0; i < shape.names; ++i) {
        if (random.chance(0.5)) continue;
        locks[fmt::format("lock {}", i)] = {1 + static_cast<std::uint32_t>(random.below(3)),
                                            random.chance(0.6)};
    }
    for (RunPlan& run : plan.runs) {
        run.suite = suite;
        run.spec.locks = locks;
    }
    return plan;
}

std::string play(const Plan& plan, Seen& seen) {
    try {
        World world(plan);
        world.run();
        for (const auto& [what, times] : world.judges().noted()) ++seen[what];
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

std::string play(std::uint64_t seed, Seen& seen,
                 const std::function<void(const std::string&)>& trace) {
    Plan plan = draw_plan(seed);
    plan.trace = trace;
    return play(plan, seen);
}

}  // namespace xgrid::simulation
