#include "tests/simulation/demands.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>

namespace xgrid::simulation {
namespace {

const UnitNeeds& needs_of(const Suite& suite, const broker::Job& job) {
    static const UnitNeeds none;
    const auto unit = suite.units.find(job.body.unit);
    const bool is_unit = job.body.kind == JobKind::unit && unit != suite.units.end();
    return is_unit ? unit->second.needs : none;
}

Lock lock_of(const std::map<std::string, Lock>& locks, const std::string& name) {
    const auto found = locks.find(name);
    return found == locks.end() ? Lock{} : found->second;
}

// What one unit may take at most, on the slowest slot, with the one ahead of it.
Duration longest(const Suite& suite) {
    constexpr int slowness = 10;
    Duration most{0};
    Duration all{0};
    for (const auto& [name, unit] : suite.units) {
        Duration takes = unit.load_takes;
        for (const ModelTest& test : unit.tests) takes += test.takes;
        most = std::max(most, takes);
        all += unit.load_takes;
    }
    return (most + all) * 2 * slowness + std::chrono::seconds(60);
}

std::map<std::string, std::uint32_t> taken_by(const Suite& suite, const broker::Submission& run) {
    std::map<std::string, std::uint32_t> taken;
    for (const auto& lane : run.lanes()) {
        for (const auto& [id, job] : lane->jobs()) {
            if (!job.attempt) continue;
            for (const std::string& lock : needs_of(suite, job).locks) ++taken[lock];
        }
    }
    return taken;
}

bool is_free(const broker::Run& lane, broker::SlotKey key) {
    return lane.slots().at(key).jobs.empty() && !lane.kept().is_kept(key) &&
           !lane.retiring().contains(key);
}

}  // namespace

void Demands::look(Judges& judges, Instant now, const Suite& suite,
                   const std::vector<const broker::Submission*>& runs) {
    std::map<std::string, std::uint32_t> of_grid;
    std::map<std::string, std::uint32_t> most;
    for (const broker::Submission* run : runs) {
        for (const auto& [lock, count] : taken_by(suite, *run)) {
            const Lock known = lock_of(run->spec().locks, lock);
            judges.check(count <= known.holders,
                         "a lock has no more holders in a run than it may have: " + lock);
            if (!known.of_grid) continue;
            of_grid[lock] += count;
            most[lock] = known.holders;
        }
        look_at_run(judges, suite, *run);
        look_at_idle(judges, suite, *run);
    }
    for (const auto& [lock, count] : of_grid) {
        judges.check(count <= most[lock],
                     "a lock of the grid has no more holders in all runs: " + lock);
    }
    look_at_waits(judges, now, suite, runs);
}

void Demands::look_at_run(Judges& judges, const Suite& suite, const broker::Submission& run) const {
    std::size_t out = 0;
    bool alone = false;
    for (const auto& lane : run.lanes()) {
        for (const auto& [id, job] : lane->jobs()) {
            // What is being ended does not wait.
            if (!job.attempt || (lane->end() && job.body.kind == JobKind::finish)) continue;
            ++out;
            alone = alone || needs_of(suite, job).serial;
        }
        look_at_wide(judges, suite, *lane);
    }
    judges.check(!alone || out == 1, "beside a serial unit nothing of its run is with a slot");
    if (alone) judges.notes("a serial unit runs");
}

void Demands::look_at_wide(Judges& judges, const Suite& suite, const broker::Run& lane) const {
    std::map<broker::WorkerKey, std::size_t> taken;
    for (const auto& [id, job] : lane.jobs()) {
        if (!job.attempt) continue;
        const UnitNeeds& needs = needs_of(suite, job);
        const broker::Slot& slot = lane.slots().at(job.attempt->slot);
        const std::size_t has = 1 + lane.kept().kept_by(id);
        if (slot.jobs.front() == id) taken[slot.worker] += has;
        judges.check(has <= std::max(needs.processors, 1U), "a unit keeps no more than it needs");
        judges.check(!job.needs || slot.jobs.front() == id, "what has needs is not given ahead");
        if (has > 1) judges.notes("a unit runs on several slots");
    }
    for (const auto& [worker, count] : taken) {
        judges.check(count <= lane.slots_on(worker).size(),
                     "units of a run have no more processors of a worker than its slots there");
    }
    for (const auto& [key, slot] : lane.slots()) {
        judges.check(!lane.kept().is_kept(key) || slot.jobs.empty(),
                     "a slot that is kept for a unit runs nothing");
    }
}

// Who lacks nothing begins.
void Demands::look_at_idle(Judges& judges, const Suite& suite,
                           const broker::Submission& run) const {
    std::map<std::string, std::uint32_t> taken = taken_by(suite, run);
    bool alone = false;
    std::size_t out = 0;
    for (const auto& lane : run.lanes()) {
        if (const auto& awaited = lane->kept().awaited()) {
            for (const std::string& lock : needs_of(suite, *lane->find(awaited->job)).locks) {
                ++taken[lock];
            }
        }
        for (const auto& [id, job] : lane->jobs()) {
            if (!job.attempt) continue;
            ++out;
            alone = alone || needs_of(suite, job).serial;
        }
    }
    for (const auto& lane : run.lanes()) {
        if (lane->end() || alone) continue;
        const bool idle = std::ranges::any_of(lane->slots(), [&](const auto& entry) {
            return is_free(*lane, entry.first) && !lane->kept().holds(entry.second.worker);
        });
        const bool has_slots = lane->slots().size() > lane->retiring().size();
        for (const auto& [order, kind] : lane->needy().kinds()) {
            const UnitNeeds& needs = needs_of(suite, *lane->find(kind.jobs.front()));
            // Who needs several slots waits where they come free, before they do.
            if (needs.processors > 1 && !needs.serial ? !has_slots : !idle) continue;
            bool lacks = needs.serial && (out > 0 || lane->kept().awaited());
            for (const std::string& lock : needs.locks) {
                const Lock known = lock_of(run.spec().locks, lock);
                lacks = lacks || known.of_grid || taken[lock] >= known.holders;
            }
            judges.check(
                lacks || (needs.processors > 1 && lane->kept().awaited()),
                "a unit that lacks nothing begins: " + lane->find(kind.jobs.front())->body.unit);
            if (!lacks) continue;
            judges.notes(needs.serial ? "a serial unit waits for others"
                                      : "a unit waits for a lock");
        }
    }
}

void Demands::look_at_waits(Judges& judges, Instant now, const Suite& suite,
                            const std::vector<const broker::Submission*>& runs) {
    std::map<std::pair<std::string, std::uint64_t>, Instant> still;
    const auto wait = [&](const std::string& who, std::uint64_t what, std::size_t turns) {
        const auto before = waits_since_.find({who, what});
        const Instant since = before == waits_since_.end() ? now : before->second;
        still[{who, what}] = since;
        const Instant from = std::max(since, judges.faults_end());
        judges.check(now - from < longest(suite) * static_cast<Duration::rep>(turns),
                     "nobody waits for ever: " + who);
    };
    for (const broker::Submission* run : runs) {
        for (std::size_t i = 0; i < run->lanes().size(); ++i) {
            const broker::Run& lane = *run->lanes()[i];
            if (const auto& awaited = lane.kept().awaited()) {
                judges.notes("a unit waits for slots");
                wait(run->id() + " for slots", awaited->job, 1);
            }
            if (lane.lock_wishes().empty()) continue;
            judges.notes("a run waits for a lock of the grid");
            // Each time that somebody in it has got something, it is anew in line.
            std::uint64_t has = 0;
            for (const auto& [lock, count] : run->resources().granted()) has += count;
            wait(fmt::format("{} for locks in lane {}", run->id(), i),
                 run->events().size() << 16 | has, runs.size() * run->lanes().size() + 1);
        }
    }
    waits_since_ = std::move(still);
}

void Running::begin(Judges& judges, const RunSpec& spec, const std::string& run, std::uint64_t slot,
                    const UnitNeeds& needs) {
    units_[slot] = {run, needs, spec.locks};
    if (judges.workers_are_lost() || !judges.is_exact()) return;
    std::map<std::string, std::uint32_t> taken;
    for (const auto& [other, unit] : units_) {
        const bool same = unit.run == run;
        judges.check(!same || other == slot || (!unit.needs.serial && !needs.serial),
                     "beside a serial unit nothing of its run runs");
        for (const std::string& lock : unit.needs.locks) {
            if (same || lock_of(unit.locks, lock).of_grid) ++taken[lock];
        }
    }
    for (const std::string& lock : needs.locks) {
        judges.check(taken[lock] <= lock_of(spec.locks, lock).holders,
                     "no more units run at a time than may have a lock: " + lock);
    }
    if (!needs.locks.empty()) judges.notes("a unit runs with a lock");
}

}  // namespace xgrid::simulation
