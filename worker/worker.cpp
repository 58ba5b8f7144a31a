// g++ 12 takes temporaries in braces for uninitialised (GCC bug 105562).
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "worker/worker.hpp"

#include <algorithm>
#include <optional>

#include "shared/codec.hpp"
#include "shared/ensure.hpp"
#include "shared/environment.hpp"

namespace xgrid::worker {
namespace {

// Of a refusal that is no framework's.
constexpr std::int32_t grid_code = 3;
constexpr const char* leaves = "its worker leaves";
constexpr const char* stays =
    "did not exit by itself after the end of its session (a thread that still runs?), and was "
    "killed";

}  // namespace

Worker::Worker(Identity identity, Settings settings)
    : identity_(std::move(identity)), settings_(settings) {}

bool Worker::empty() const {
    return std::ranges::all_of(slots_, [](const auto& entry) { return entry.second.gone; });
}

std::set<std::string> Worker::runs() const {
    std::set<std::string> names;
    for (const auto& [run, spec] : runs_) names.insert(run);
    for (const auto& [key, slot] : slots_) {
        if (!slot.gone) names.insert(slot.run);
    }
    return names;
}

std::set<AttemptId> Worker::held() const {
    std::set<AttemptId> ids;
    for (const auto& [key, slot] : slots_) {
        if (!slot.dead) ids.insert(slot.attempts.begin(), slot.attempts.end());
    }
    return ids;
}

// ---- Orders

Effects Worker::receive(Instant now, const Message& message) {
    Effects effects;
    if (const auto* welcome = std::get_if<Welcome>(&message)) {
        effects.topics = welcome->topics;
        // A new connection: nothing that was sent on the old one is certain.
        for (auto& [id, held] : attempts_) held.facts.rewind();
        say_by_ = now;
        heartbeat_at_ = now;
    } else if (const auto* orders = std::get_if<Orders>(&message)) {
        obey(now, *orders, effects);
    } else if (const auto* refusal = std::get_if<Refusal>(&message)) {
        effects.refusals.push_back(refusal->reason);
    }
    return effects;
}

std::vector<std::string> Worker::topics() const {
    return {topic_of_session(identity_.session), topic_of_labels(identity_.labels)};
}

Effects Worker::receive(Instant now, const Publication& publication) {
    Effects effects;
    const auto* orders = std::get_if<Orders>(&publication.message);
    const std::vector<std::string> own = topics();
    const auto topic = std::ranges::find(own, publication.topic);
    if (orders == nullptr || topic == own.end() || orders->broker != broker_) return effects;
    std::uint64_t& last = heard_[publication.topic];
    if (publication.number <= last) return effects;
    last = publication.number;
    say_by_ = std::min(say_by_, now + settings_.acknowledge);
    if (topic == own.begin()) {
        obey(now, *orders, effects);
        return effects;
    }
    announced_.clear();
    for (const RunOrders& run : orders->runs) {
        if (run.spec) announced_.insert_or_assign(run.run, *run.spec);
    }
    return effects;
}

void Worker::forget_all(Instant now, Effects& effects) {
    for (auto& [key, slot] : slots_) {
        slot.attempts.clear();
        slot.run.clear();  // its name may come up again
        if (!slot.dead && slot.leave_by == never) end_slot(key, effects);
    }
    std::erase_if(slots_, [](const auto& entry) { return entry.second.gone; });
    attempts_.clear();
    runs_.clear();
    announced_.clear();
    heard_.clear();
    say_by_ = now;
}

void Worker::obey(Instant now, const Orders& orders, Effects& effects) {
    if (orders.session != identity_.session) return;
    if (orders.broker != broker_) {
        // Another broker, or one that has lost its memory: what ran here is not part of its plan.
        forget_all(now, effects);
        broker_ = orders.broker;
        last_orders_ = 0;
    }
    if (orders.number <= last_orders_) return;
    last_orders_ = orders.number;

    std::set<std::pair<std::string, std::string>> live;
    std::set<std::string> runs;
    for (const RunOrders& run : orders.runs) {
        runs.insert(run.run);
        const auto announced = announced_.find(run.run);
        if (run.spec) {
            runs_.insert_or_assign(run.run, *run.spec);
        } else if (announced != announced_.end()) {
            runs_.insert(*announced);
        }
        for (const std::string& slot : run.slots) live.emplace(run.run, slot);
    }
    std::erase_if(runs_, [&](const auto& entry) { return !runs.contains(entry.first); });

    std::set<AttemptId> listed;
    for (const AttemptOrders& attempt : orders.attempts) listed.insert(attempt.id);
    for (auto& [key, slot] : slots_) {
        const bool wanted = live.contains({slot.run, slot.name}) &&
                            std::ranges::all_of(slot.attempts, [&](const AttemptId& id) {
                                return listed.contains(id);
                            });
        if (wanted) continue;
        if (!slot.dead && slot.leave_by == never) end_slot(key, effects);
        slot.attempts.clear();
    }
    // A dead slot is remembered while the broker counts on it, so that none of its name starts
    // again.
    std::erase_if(slots_, [&](const auto& entry) {
        return entry.second.gone && !live.contains({entry.second.run, entry.second.name});
    });
    std::erase_if(attempts_, [&](const auto& entry) { return !listed.contains(entry.first); });

    for (const AttemptOrders& attempt : orders.attempts) take_attempt(now, attempt, effects);
}

SlotKey Worker::find_slot(const std::string& run, const std::string& name) const {
    for (const auto& [key, slot] : slots_) {
        if (slot.run == run && slot.name == name) return key;
    }
    return 0;
}

void Worker::take_attempt(Instant now, const AttemptOrders& order, Effects& effects) {
    if (!attempts_.contains(order.id)) {
        const auto spec = runs_.find(order.run);
        if (spec == runs_.end() || !order.body) return;  // it will be said again
        SlotKey key = find_slot(order.run, order.slot);
        if (key == 0) {
            key = next_slot_++;
            const auto limit = std::chrono::duration<double>(spec->second.timeout_seconds);
            Slot& slot = slots_[key] = {.run = order.run, .name = order.slot};
            slot.watch = Watch(now, std::chrono::duration_cast<Duration>(limit));
            if (leaving_) {
                slot.dead = slot.gone = true;
                slot.fate = {.end = End::returned, .text = leaves};
            } else {
                StartSlot start{key, order.run, order.slot,
                                in_environment(spec->second, order.environment)};
                start.spec.collect_full = start.spec.collect_full || order.collected;
                effects.commands.push_back(std::move(start));
            }
        }
        Slot& slot = slots_.at(key);
        attempts_.emplace(order.id, Held{.slot = key, .kind = order.body->kind});
        if (slot.dead) {
            append(now, order.id,
                   slot.told ? Ended{.end = End::returned, .text = slot.fate.text} : slot.fate);
            slot.told = true;
        } else {
            slot.attempts.push_back(order.id);
            if (slot.attempts.size() == 1 && !slot.watch.starting()) turn_to_next(now, slot);
            effects.commands.push_back(GiveJob{key, order.id, *order.body});
        }
    }
    Held& held = attempts_.at(order.id);
    held.facts.record(order.recorded);
    if (order.give_back > held.asked) {
        held.asked = order.give_back;
        if (!held.ended) {
            effects.commands.push_back(AskBack{held.slot, order.id, order.give_back, order.keep});
        }
    }
}

void Worker::end_slot(SlotKey key, Effects& effects) {
    slots_.at(key).dead = true;
    effects.commands.push_back(EndSlot{key});
}

// ---- Slots

Effects Worker::report(Instant now, SlotKey key, const SlotReport& report) {
    const auto found = slots_.find(key);
    if (found == slots_.end()) return {};
    Slot& slot = found->second;
    if (const auto* said = std::get_if<SlotFact>(&report)) {
        hear(now, key, *said);
    } else if (const auto* refused = std::get_if<SlotRefused>(&report)) {
        slot.dead = true;
        slot.fate = {.end = End::refused, .text = refused->text, .code = refused->code};
        // What the host lacks is no reason to end the run: others can do it.
        const bool ails = refused->code == grid_code && !ailment_.empty();
        if (ails) slot.fate = {.end = End::lost, .text = ailment_};
        if (refused->code == grid_code && !ails) fail_start(now, slot, refused->text);
        end_all(now, slot, slot.fate);
    } else if (const auto* exit = std::get_if<SlotExited>(&report)) {
        if (slot.watch.starting() && !slot.dead) fail_start(now, slot, exit->text);
        exited(now, slot, *exit);
    } else if (const auto* loss = std::get_if<SlotLost>(&report)) {
        gone(now, slot, {.end = End::lost, .text = loss->text});
    } else if (std::holds_alternative<SlotLives>(report)) {
        slot.watch.hears_life(now);
    } else if (const auto* own = std::get_if<SlotLimit>(&report)) {
        slot.watch.hears_limit(own->limit);
    } else if (const auto* signal = std::get_if<SlotStopped>(&report)) {
        signal->stopped ? slot.watch.stops(now) : slot.watch.goes_on();
    }
    return {};
}

void Worker::hear(Instant now, SlotKey key, const SlotFact& said) {
    const auto found = attempts_.find(said.attempt);
    if (found == attempts_.end() || found->second.slot != key || found->second.ended) return;
    Held& held = found->second;
    Slot& slot = slots_.at(key);
    const auto* ended = std::get_if<Ended>(&said.fact);
    if (ended != nullptr && held.kind == JobKind::finish && !slot.dead) {
        // What runs when an interpreter exits may still go wrong: it is told when the process is
        // gone.
        slot.last_word = *ended;
        slot.leave_by = now + settings_.leave_grace;
        slot.watch.idles();
        return;
    }
    if (std::holds_alternative<SlotBegan>(said.fact)) starts_.succeed();
    append(now, said.attempt, said.fact);
    if (slot.attempts.empty() || slot.attempts.front() != said.attempt) {
        if (ended != nullptr) std::erase(slot.attempts, said.attempt);
        return;
    }
    slot.watch.hears(now, said.fact);
    if (ended != nullptr) slot.attempts.pop_front();
    if (ended != nullptr || std::holds_alternative<SlotBegan>(said.fact)) turn_to_next(now, slot);
}

void Worker::turn_to_next(Instant now, Slot& slot) {
    if (slot.attempts.empty()) return slot.watch.idles();
    slot.watch.turns_to(now, attempts_.at(slot.attempts.front()).kind);
}

void Worker::exited(Instant now, Slot& slot, const SlotExited& exit) {
    if (slot.last_word && exit.clean) {
        gone(now, slot, *slot.last_word);
    } else if (leaving_) {
        gone(now, slot, {.end = End::returned, .text = exit.text});
    } else if (slot.aborted.empty()) {
        gone(now, slot, {.end = End::crashed, .text = exit.text});
    } else {
        // The signal that ended it is ours; what it wrote then is not.
        const std::size_t line_end = std::min(exit.text.find('\n'), exit.text.size());
        gone(now, slot, {.end = End::crashed, .text = slot.aborted + exit.text.substr(line_end)});
    }
}

void Worker::gone(Instant now, Slot& slot, const Ended& first) {
    slot.dead = true;
    slot.gone = true;
    slot.leave_by = never;
    const bool decided = slot.fate.end == End::refused || slot.fate.end == End::lost;
    const bool nobodys = first.end == End::lost || first.end == End::returned;
    const End end = nobodys ? first.end : End::gone;
    if (!decided) slot.fate = {.end = end, .text = first.text};
    end_all(now, slot, first);
}

// The first of its attempts is the one that the end is about; the others were not begun.
void Worker::end_all(Instant now, Slot& slot, const Ended& first) {
    bool is_first = true;
    for (const AttemptId& id : std::exchange(slot.attempts, {})) {
        append(now, id, is_first ? first : Ended{.end = End::returned});
        is_first = false;
        slot.told = true;
    }
}

void Worker::append(Instant now, AttemptId id, Fact fact) {
    const auto found = attempts_.find(id);
    if (found == attempts_.end()) return;
    Held& held = found->second;
    ensure(!held.ended, "nothing follows the end of an attempt");
    held.ended = std::holds_alternative<Ended>(fact);
    const auto* finished = std::get_if<Finished>(&fact);
    Fact* last = finished == nullptr ? nullptr : held.facts.last_unsent();
    const auto* started = last == nullptr ? nullptr : std::get_if<Started>(last);
    if (started != nullptr && started->test == finished->test) {
        *last = std::move(fact);  // its start is part of it
    } else {
        held.facts.append(std::move(fact));
    }
    say_soon(now);
}

void Worker::look_after(Instant now, SlotKey key, Effects& effects) {
    Slot& slot = slots_.at(key);
    if (slot.dead) {
        slot.leave_by = never;
        return;
    }
    const bool has_attempt = !slot.attempts.empty();
    if (now >= slot.leave_by) {
        slot.leave_by = never;
        end_slot(key, effects);
        if (has_attempt) append(now, slot.attempts.front(), Noted{stays});
        end_all(now, slot, *slot.last_word);
        return;
    }
    const WatchFindings found = slot.watch.advance(now);
    if (!found.note.empty() && has_attempt) append(now, slot.attempts.front(), Noted{found.note});
    if (found.end.empty()) return;
    slot.aborted = found.end;
    effects.commands.push_back(AbortSlot{key});
}

// ---- Statuses

void Worker::say_soon(Instant now) {
    say_by_ = std::min(say_by_, std::max(now, said_at_ + settings_.batch));
}

Instant Worker::next_deadline() const {
    Instant next = std::min(say_by_, heartbeat_at_);
    for (const auto& [key, slot] : slots_) {
        next = std::min(next, slot.leave_by);
        if (!slot.dead) next = std::min(next, slot.watch.next_deadline());
    }
    return next;
}

Effects Worker::advance(Instant now) {
    Effects effects;
    for (const auto& [key, slot] : slots_) look_after(now, key, effects);
    if (now >= heartbeat_at_) {
        heartbeat_at_ = now + settings_.heartbeat;
        say_by_ = now;
        for (auto& [id, held] : attempts_) {
            // Nothing recorded since the last heartbeat: what was sent may be lost.
            if (held.facts.recorded() == held.recorded_before) held.facts.rewind();
            held.recorded_before = held.facts.recorded();
        }
    }
    if (now >= say_by_) effects.send.push_back(status(now));
    return effects;
}

Status Worker::status(Instant now) {
    Status status{.session = identity_.session,
                  .number = ++last_status_,
                  .broker = broker_,
                  .slots = identity_.slots,
                  .host = identity_.host,
                  .labels = identity_.labels,
                  .heard = heard_,
                  .name = identity_.name,
                  .version = identity_.version,
                  .trouble = trouble(now),
                  .drains = draining_ || leaving_};
    for (const auto& [run, spec] : runs_) status.runs.push_back(run);
    std::size_t bytes = 0;
    bool more = false;
    for (auto& [id, held] : attempts_) {
        AttemptStatus& about =
            status.attempts.emplace_back(AttemptStatus{.id = id, .first = held.facts.sent()});
        if (bytes < batch_bytes) about.facts = held.facts.next(batch_bytes - bytes);
        bytes += weight(about.facts);
        more = more || !held.facts.all_sent();
    }
    said_at_ = now;
    say_by_ = more ? now : never;
    return status;
}

void Worker::fail_start(Instant now, const Slot& slot, const std::string& why) {
    const auto run = runs_.find(slot.run);
    if (!settings_.watches_starts || run == runs_.end()) return;
    const RunSpec& spec = run->second;
    starts_.fail(now, spec.tree ? spec.tree->project : spec.directory, why);
}

std::string Worker::trouble(Instant now) const {
    return ailment_.empty() ? starts_.trouble(now) : ailment_;
}

Effects Worker::drain(Instant now) {
    Effects effects;
    draining_ = true;
    effects.send.push_back(status(now));
    return effects;
}

Effects Worker::ail(Instant now, const std::string& trouble) {
    Effects effects;
    if (std::exchange(ailment_, trouble) != trouble) effects.send.push_back(status(now));
    return effects;
}

Effects Worker::leave(Instant now) {
    Effects effects;
    leaving_ = true;
    identity_.slots = 0;
    for (auto& [key, slot] : slots_) {
        if (slot.dead || slot.leave_by != never) continue;
        slot.fate = {.end = End::returned, .text = leaves};
        end_slot(key, effects);
        end_all(now, slot, slot.fate);
    }
    effects.send.push_back(status(now));
    return effects;
}

}  // namespace xgrid::worker
