#include "tests/simulation/slots.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace xgrid::simulation {

using worker::SlotKey;

ModelSlots::Slot* ModelSlots::find(SlotKey key) {
    const auto found = slots_.find(key);
    return dead_ || found == slots_.end() ? nullptr : &found->second;
}

void ModelSlots::later(SlotKey key, Duration delay, void (ModelSlots::*what)(SlotKey)) {
    const Slot* slot = find(key);
    if (slot == nullptr) return;
    const auto stretched = std::chrono::duration_cast<Duration>(delay * slot->slowness);
    clock_.after(stretched, [self = shared_from_this(), key, what] {
        if (self->find(key) != nullptr) (self.get()->*what)(key);
    });
}

void ModelSlots::say(SlotKey key, AttemptId attempt, Fact fact) {
    report_(key, worker::SlotFact{attempt, std::move(fact)});
}

void ModelSlots::unload(Slot& slot) {
    slot.unit = nullptr;
    running_.end(slot.number);
}

void ModelSlots::exit(SlotKey key, const std::string& how, bool clean) {
    judges_.slot_ends(slots_.at(key).number);
    unload(slots_.at(key));
    slots_.erase(key);
    report_(key, worker::SlotExited{how, clean});
}

void ModelSlots::die() {
    for (auto& [key, slot] : slots_) {
        judges_.slot_ends(slot.number);
        unload(slot);
    }
    dead_ = true;
}

void ModelSlots::lose_all() {
    std::vector<SlotKey> keys;
    for (auto& [key, slot] : slots_) {
        judges_.slot_ends(slot.number);
        unload(slot);
        keys.push_back(key);
    }
    slots_.clear();
    if (!keys.empty()) judges_.notes("an interpreter dies with its slots");
    for (const SlotKey key : keys) report_(key, worker::SlotLost{"the interpreter died"});
}

void ModelSlots::perform(const worker::Command& command, const std::string& broker) {
    if (const auto* start = std::get_if<worker::StartSlot>(&command)) {
        Slot& slot = slots_[start->slot];
        slot.name = start->name;
        slot.run = start->run;
        slot.only_collects = start->spec.collect_only;
        slot.spec = start->spec;
        slot.number = judges_.slot_begins();
        slot.grouping = start->spec.grouping;
        const auto said = start->spec.environment.find(environment_variable);
        if (said != start->spec.environment.end()) {
            slot.environment = static_cast<std::uint32_t>(std::stoul(said->second));
        }
        if (clock_.now() < judges_.faults_end() && random_.chance(faults_.refuses))
            slot.refuses = 3;
        if (std::ranges::count(start->spec.arguments, refused_argument) > 0) slot.refuses = 4;
        slot.broker = broker;
        slot.collects = start->spec.collect_full;
        slot.collected = suite_.units.size() <= 1;
        if (random_.chance(faults_.slow_slot)) {
            slot.slowness = faults_.slowness;
            judges_.notes("a slot is slow");
        }
        slot.stays = random_.chance(faults_.stays);
        later(start->slot, random_.between(milliseconds(5), milliseconds(60)), &ModelSlots::begin);
    } else if (const auto* job = std::get_if<worker::GiveJob>(&command)) {
        Slot* slot = find(job->slot);
        if (slot == nullptr) return;
        slot->orders.push_back({job->attempt, job->body});
        if (!slot->busy) later(job->slot, Duration(0), &ModelSlots::next_order);
        slot->busy = true;
    } else if (const auto* ask = std::get_if<worker::AskBack>(&command)) {
        if (Slot* slot = find(ask->slot)) slot->asks.push_back(*ask);
        clock_.after(random_.between(Duration(0), milliseconds(3)),
                     [self = shared_from_this(), key = ask->slot] { self->answer_asks(key); });
    } else if (const auto* end = std::get_if<worker::EndSlot>(&command)) {
        Slot* slot = find(end->slot);
        if (slot == nullptr) return;
        slot->orders.clear();
        slot->waiting.clear();
        unload(*slot);
        slot->ending = true;
        judges_.slot_ends(slot->number);
        slot->hanging = nullptr;
        clock_.after(random_.between(milliseconds(1), seconds(2)),
                     [self = shared_from_this(), key = end->slot] {
                         if (self->find(key) != nullptr) self->exit(key, "ended");
                     });
    } else if (const auto* abort = std::get_if<worker::AbortSlot>(&command)) {
        Slot* slot = find(abort->slot);
        if (slot == nullptr || slot->hanging == nullptr) return;
        judges_.test_crashes(slot->unit->name, slot->hanging->name);
        clock_.after(random_.between(milliseconds(1), seconds(1)),
                     [self = shared_from_this(), key = abort->slot] {
                         if (self->find(key) != nullptr) self->exit(key, "killed by signal 6");
                     });
    }
}

void ModelSlots::begin(SlotKey key) {
    if (random_.chance(clock_.now() < judges_.faults_end() ? faults_.start_crash : 0)) {
        judges_.slot_crashes("a slot crashes while it starts");
        judges_.may_lose_workers();
        exit(key, "crashed while starting");
        return;
    }
    Slot& slot = *find(key);
    if (slot.refuses) return refuse(key);
    if (!slot.orders.empty()) say(key, slot.orders.front().attempt, SlotBegan{});
    next_order(key);
}

void ModelSlots::refuse(SlotKey key) {
    Slot& slot = *find(key);
    slot.ending = true;
    const std::string why = fmt::format("cannot begin with code {}\nand says more", *slot.refuses);
    judges_.refuses(slot.run, why, *slot.refuses);
    clock_.after(random_.between(Duration(0), milliseconds(50)),
                 [self = shared_from_this(), key, code = *slot.refuses] {
                     if (self->find(key) != nullptr) {
                         self->exit(key, fmt::format("exited with status {}", code));
                     }
                 });
    report_(key, worker::SlotRefused{why, *slot.refuses});
}

// What finds it tells, in the attempt that it is at.
void ModelSlots::tear_down_late(SlotKey key, AttemptId attempt) {
    for (const Late& late : std::exchange(find(key)->late, {})) {
        judges_.tears_down_late(late.stamp);
        if (late.attempt != attempt) judges_.notes("a teardown fails in a later job");
        Phase phase{.when = "teardown", .category = "error", .text = "late"};
        phase.line = static_cast<std::uint32_t>(late.stamp);
        say(key, attempt, LateTeardown{late.test, std::move(phase)});
    }
}

void ModelSlots::next_order(SlotKey key) {
    answer_asks(key);
    Slot& slot = *find(key);
    slot.busy = !slot.orders.empty();
    if (!slot.busy || slot.ending) return;
    const Order order = slot.orders.front();
    slot.orders.pop_front();
    judges_.begins(slot.broker, order.attempt);
    switch (order.body.kind) {
        case JobKind::enumerate: enumerate(key, order); break;
        case JobKind::finish:
            tear_down_late(key, order.attempt);
            say(key, order.attempt, Ended{});
            slot.ending = true;
            judges_.slot_ends(slot.number);
            if (slot.stays) return judges_.notes("a slot stays when it has finished");
            clock_.after(random_.between(Duration(0), milliseconds(50)),
                         [self = shared_from_this(), key] {
                             if (self->find(key) != nullptr)
                                 self->exit(key, "exited with status 0", true);
                         });
            break;
        case JobKind::unit: {
            const auto unit = suite_.units.find(order.body.unit);
            judges_.check(unit != suite_.units.end(), "only units that were named are handed out");
            slot.attempt = order.attempt;
            slot.unit = &unit->second;
            running_.begin(judges_, slot.spec, slot.run, slot.number, unit->second.needs);
            slot.loaded = false;
            slot.chosen = order.body.selection.mode;
            slot.selected.clear();
            slot.waiting.clear();
            const Selection& selection = order.body.selection;
            const std::set<TestName> named(selection.tests.begin(), selection.tests.end());
            for (const ModelTest& test : unit->second.tests) {
                if (selection.mode == Select::all ||
                    named.contains(test.name) == (selection.mode == Select::only)) {
                    slot.selected.push_back(&test);
                }
            }
            later(key,
                  slot.collects && !slot.collected ? collecting_takes() : unit->second.load_takes,
                  &ModelSlots::load);
        }
    }
}

// Units are named as they are found, so that a slot may be lost when it has named some.
void ModelSlots::enumerate(SlotKey key, const Order& order) {
    Duration found_after{0};
    const auto then = [&](std::vector<Fact> facts) {
        clock_.after(found_after, [self = shared_from_this(), key, attempt = order.attempt,
                                   facts = std::move(facts)] {
            for (const Fact& fact : facts) {
                const Slot* slot = self->find(key);
                if (slot != nullptr && !slot->ending) self->say(key, attempt, fact);
            }
        });
    };
    const bool need_more = std::ranges::any_of(
        suite_.units, [](const auto& entry) { return entry.second.needs != UnitNeeds(); });
    UnitsNamed batch;
    for (const auto& [name, unit] : suite_.units) {
        batch.units.push_back(name);
        if (need_more) batch.needs.push_back(unit.needs);
        if (!random_.chance(0.1)) continue;
        then({std::exchange(batch, {})});
        found_after += random_.between(Duration(0), milliseconds(20));
    }
    if (!batch.units.empty()) then({batch});
    then({Ended{}});
    later(key, found_after + milliseconds(1), &ModelSlots::next_order);
}

// All of it before the first unit, and nothing later on.
Duration ModelSlots::collecting_takes() const {
    Duration takes{0};
    for (const auto& [name, unit] : suite_.units) takes += unit.load_takes;
    return takes;
}

void ModelSlots::load(SlotKey key) {
    Slot& slot = *find(key);
    if (slot.unit == nullptr) return;
    const bool crashes = slot.collects && std::ranges::any_of(suite_.units, [](const auto& entry) {
                             return entry.second.load_crashes;
                         });
    if (slot.collects) slot.collected = true;
    if (slot.unit->load_crashes || crashes) {
        judges_.slot_crashes("a slot crashes while it loads a unit");
        exit(key, "crashed while loading");
        return;
    }
    slot.loaded = true;
    TestsFound found;
    for (std::uint32_t i = 0; i < slot.selected.size(); ++i) {
        found.tests.push_back(slot.selected[i]->name);
        if (!slot.only_collects) slot.waiting.push_back(i);
        if (slot.grouping == Grouping::none || slot.grouping == Grouping::file) continue;
        found.groups.push_back(slot.selected[i]->group);
    }
    say(key, slot.attempt, found);
    if (!slot.only_collects && slot.chosen != Select::only) keep_own_groups(key, found);
    if (!slot.waiting.empty()) tear_down_late(key, slot.attempt);
    next_test(key);
}

// As worker/frameworks/pytest/groups.py does.
void ModelSlots::keep_own_groups(SlotKey key, const TestsFound& found) {
    Slot& slot = *find(key);
    const std::string first = found.groups.empty() ? "" : found.groups.front();
    GaveBack gave;
    for (std::uint32_t i = 0; i < found.groups.size(); ++i) {
        const bool own = slot.grouping == Grouping::scope && found.groups[i] == first;
        if (!own && !found.groups[i].empty()) gave.tests.push_back(i);
    }
    if (gave.tests.empty()) return;
    std::erase_if(slot.waiting,
                  [&](std::uint32_t i) { return std::ranges::binary_search(gave.tests, i); });
    judges_.notes("groups are given back");
    say(key, slot.attempt, std::move(gave));
}

void ModelSlots::next_test(SlotKey key) {
    answer_asks(key);
    Slot& slot = *find(key);
    if (slot.unit == nullptr) return;
    if (slot.waiting.empty()) {
        unload(slot);
        say(key, slot.attempt, Ended{});
        later(key, Duration(0), &ModelSlots::next_order);
        return;
    }
    const std::uint32_t index = slot.waiting.front();
    slot.waiting.pop_front();
    const ModelTest& test = *slot.selected[index];
    const AttemptId attempt = slot.attempt;
    const std::string unit = slot.unit->name;
    say(key, attempt, Started{index});
    const std::string group = slot.grouping == Grouping::file ? unit : test.group;
    if (slot.grouping != Grouping::none && !group.empty() && !slot.collects) {
        judges_.runs_of_group({slot.broker, slot.run, slot.environment, group}, slot.number,
                              {unit, test.name});
    }
    const bool fails = test.behaviour == Behaviour::fails ||
                       (test.behaviour == Behaviour::flaky && random_.chance(0.5)) ||
                       (test.behaviour == Behaviour::fails_alone && !slot.collected);
    const double stamp =
        judges_.executes(slot.broker, attempt, unit, test, fails, slot.environment);
    if (test.behaviour == Behaviour::hangs) {
        slot.hanging = &test;
        return judges_.notes("a test hangs");
    }
    const auto takes = std::chrono::duration_cast<Duration>(test.takes * slot.slowness);
    clock_.after(
        takes, [self = shared_from_this(), key, attempt, unit, index, &test, stamp, fails] {
            Slot* slot = self->find(key);
            if (slot == nullptr || slot->unit == nullptr || slot->attempt != attempt) return;
            if (test.behaviour == Behaviour::crashes) {
                self->judges_.test_crashes(unit, test.name);
                self->exit(key, "killed by signal 11");
                return;
            }
            TestResult result{.seconds = {0, stamp, 0}};
            if (fails) {
                result.outcome = Outcome::failed;
                result.details = Details{.phases = {{.when = "call", .category = "failed"}}};
            }
            self->say(key, attempt, Finished{index, std::move(result)});
            if (test.tears_down_late) slot->late.push_back({test.name, attempt, stamp});
            // In the end of its unit at the earliest, or not before a later job.
            if (!slot->late.empty() && self->random_.chance(0.3))
                self->tear_down_late(key, attempt);
            const bool faulty = self->clock_.now() < self->judges_.faults_end();
            if (faulty && self->random_.chance(self->faults_.between_crash)) {
                self->judges_.slot_crashes("a slot crashes between tests");
                self->judges_.may_lose_workers();
                self->exit(key, "killed by signal 9");
                return;
            }
            self->next_test(key);
        });
}

// As worker/slots.cpp does, whatever the slot is at.
void ModelSlots::answer_asks(SlotKey key) {
    Slot* slot = find(key);
    if (slot == nullptr || slot->ending) return;
    for (const worker::AskBack& ask : std::exchange(slot->asks, {})) {
        const auto queued = std::ranges::find(slot->orders, ask.attempt, &Order::attempt);
        if (slot->unit != nullptr && slot->attempt == ask.attempt) {
            if (!slot->loaded) {
                slot->asks.push_back(ask);
                continue;
            }
            GaveBack gave{.number = ask.number};
            while (slot->waiting.size() > ask.keep) {
                gave.tests.insert(gave.tests.begin(), slot->waiting.back());
                slot->waiting.pop_back();
            }
            if (!gave.tests.empty()) judges_.notes("tests are given back");
            say(key, ask.attempt, std::move(gave));
        } else if (queued != slot->orders.end()) {
            const bool returns = ask.keep == 0 || ask.keep == keep_if_begun;
            if (returns) slot->orders.erase(queued);
            if (returns) judges_.notes("a job is given back");
            say(key, ask.attempt, GaveBack{.number = ask.number});
            if (returns) say(key, ask.attempt, Ended{.end = End::returned});
        }
    }
}

}  // namespace xgrid::simulation
