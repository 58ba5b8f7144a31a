#include "broker/broker.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "broker/answers.hpp"
#include "shared/codec.hpp"
#include "shared/ensure.hpp"
#include "shared/log.hpp"
#include "shared/weight.hpp"

namespace xgrid::broker {
namespace {

// A client that follows says so each second.
constexpr Duration followed_span = std::chrono::seconds(5);

constexpr const char* its_worker_left = "lost: its worker leaves";

bool is_followed(Instant now, Followers& followers) {
    return std::ranges::any_of(followers.all(), [&](const auto& one) {
        return now < one.second.heard_at + followed_span;
    });
}

}  // namespace

Broker::Broker(std::string token, Settings settings)
    : token_(std::move(token)), settings_(std::move(settings)), shares_(settings_.shares) {}

const Submission* Broker::find(const std::string& id) const {
    const auto found = runs_.find(id);
    return found == runs_.end() ? nullptr : &found->second->run;
}

const Submission* Broker::find_beginning(const std::string& id) const {
    const Entry* entry = entry_beginning(id);
    return entry == nullptr ? nullptr : &entry->run;
}

const Run* Broker::find_run(const std::string& id, std::uint32_t environment) const {
    const Submission* run = find(id);
    return run == nullptr ? nullptr : run->lanes().at(environment).get();
}

Effects Broker::connect(Instant, const PeerId& from) {
    return {.send = {{from, Welcome{token_, settings_.topics}}}};
}

Effects Broker::refuse(const PeerId& from, const std::string& why) {
    return {.send = {{from, Refusal{why}}}};
}

Effects Broker::receive(Instant now, const PeerId& from, const Message& message) {
    Effects effects;
    std::visit(
        [&](const auto& one) {
            if constexpr (requires { take(now, from, one, effects); }) {
                take(now, from, one, effects);
            } else {
                effects = refuse(from, "this is a broker: it takes submissions and statuses");
            }
        },
        message);
    return settle(now, std::move(effects));
}

// ---- Clients

// One that is of no use without its client has only the one.
void Broker::hear_client(Instant now, const PeerId& from, Entry& entry) {
    if (!entry.order.stays) entry.followers.forget_all_but(from);
    entry.followers.hear(now, from);
    touch(entry);
}

void Broker::take(Instant now, const PeerId& from, const Submit& message, Effects&) {
    if (is_told(message.run)) return;  // an echo, which must not start it again
    auto& entry = runs_[message.run];
    if (entry) {
        // How far its client is, it will say, and is to be told all until it does.
        if (!entry->order.stays) hear_client(now, from, *entry);
        return;
    }
    entry = std::make_unique<Entry>(now, next_run_++, message, settings_);
    entry->run.end_environments(now, message.ended);
    if (keeps(*entry)) keep(RunBegun{entry->number, nanoseconds(now), message});
    ++measures_.runs_begun;
    hear_client(now, from, *entry);
}

Effects Broker::expect(Instant now, const std::string& run, std::vector<TestsExpected> tests) {
    const auto found = runs_.find(run);
    if (found == runs_.end()) return {};
    for (TestsExpected& some : tests) perform(now, *found->second, std::move(some));
    return settle(now, {});
}

void Broker::take(Instant now, const PeerId& from, const Follow& message, Effects& effects) {
    const auto found = runs_.find(message.run);
    if (found == runs_.end()) {
        effects.send.push_back({from, UnknownRun{message.run, message.epoch}});
        return;
    }
    Entry& entry = *found->second;
    if (message.epoch < entry.epoch) return;  // an echo: it counts events of an older log
    const Events& events = entry.run.events();
    entry.followers.hear(now, from, message.have, events.first(), events.size());
    hear_client(now, from, entry);
    if (message.lacking != entry.lacking) {
        entry.lacking = message.lacking;
        perform(now, entry, EnvironmentsLack{message.lacking});
    }
    if (!entry.order.stays) entry.run.events().trim(entry.followers.fewest());
    // Also without news it hears that we are here.
    if (entry.followers.hear(now, from).sent == events.size()) {
        effects.send.push_back({from, Progress{message.run, events.size()}});
    }
    if (entry.run.over() && entry.followers.have(events.size())) {
        remember_told(now, message.run);
        forget(message.run);
    }
}

void Broker::take(Instant now, const PeerId& from, const Cancel& message, Effects&) {
    const auto found = runs_.find(message.run);
    if (found == runs_.end()) return;  // the follow that goes with it is answered
    perform(now, *found->second, RunCancelled{});
    if (!found->second->order.stays) hear_client(now, from, *found->second);
    touch(*found->second);
}

void Broker::take(Instant, const PeerId& from, const Attach& message, Effects& effects) {
    const Entry* entry = entry_beginning(message.run);
    if (entry == nullptr) {
        effects.send.push_back({from, UnknownRun{message.run}});
        return;
    }
    const RunSpec& spec = entry->run.spec();
    effects.send.push_back(
        {from, Attached{message.run, entry->run.id(), entry->epoch, spec, entry->order}});
}

// The only one whose id begins like that.
const Broker::Entry* Broker::entry_beginning(const std::string& id) const {
    const auto first = runs_.lower_bound(id);
    if (id.empty() || first == runs_.end() || !first->first.starts_with(id)) return nullptr;
    const auto next = std::next(first);
    const bool other = next != runs_.end() && next->first.starts_with(id);
    return other && first->first != id ? nullptr : first->second.get();
}

void Broker::take(Instant now, const PeerId& from, const Ask& message, Effects& effects) {
    effects.send.push_back({from, ask(now, message)});
}

Answer Broker::ask(Instant now, const Ask& ask) const {
    Scene scene{.now = now, .workers = workers_, .used = used_, .user_of = user_of_};
    for (const auto& [id, entry] : runs_) {
        scene.runs[id] = {.run = &entry->run,
                          .order = entry->order,
                          .submitted_at = entry->submitted_at,
                          .over_at = entry->over_at,
                          .followed = is_followed(now, entry->followers),
                          .users_room = shares_.room_for(entry->order.user)};
    }
    return answer(scene, ask);
}

void Broker::forget(const std::string& run) {
    by_due_.erase({runs_.at(run)->due, run});
    shares_.forget(run);
    touched_.erase(run);
    announcements_.forget(run);
    runs_.erase(run);
    touch(grid_locks_.forget(run));
}

// As far as they are there.
void Broker::touch(const std::set<std::string>& runs) {
    for (const std::string& run : runs) {
        if (runs_.contains(run)) touched_.insert(run);
    }
}

void Broker::remember_told(Instant now, const std::string& run) {
    while (!told_.empty() && told_.front().first + settings_.client_lease < now) told_.pop_front();
    told_.emplace_back(now, run);
}

bool Broker::is_told(const std::string& run) const {
    return std::ranges::any_of(told_, [&](const auto& entry) { return entry.second == run; });
}

// ---- Workers

void Broker::take(Instant now, const PeerId& from, const Status& message, Effects&) {
    WorkerKey key = 0;
    Worker* worker = workers_.hear(now, from, message, key);
    if (worker == nullptr) return;
    if (const auto pause = incidents_.pause(now, worker->called)) {
        if (worker->suspended != pause->why) workers_.suspend(key, pause->until, pause->why);
    }
    worker->runs = {message.runs.begin(), message.runs.end()};
    worker->shown.clear();
    worker->heard.clear();
    worker->follows = message.broker == token_;
    // Facts of another broker's attempts mean nothing here: its orders will tell it.
    if (!worker->follows) {
        workers_.plan_orders(key, now);
        return take_back(now, key);
    }
    worker->heard = message.heard;
    hear_acknowledged(now, key);
    std::vector<const AttemptStatus*> news;
    for (const AttemptStatus& attempt : message.attempts) {
        worker->shown.insert(attempt.id);
        if (!attempt.facts.empty()) news.push_back(&attempt);
    }
    // The end of one job may make the facts of the next one of its slot due.
    bool again = !news.empty();
    while (again) {
        again = false;
        for (const AttemptStatus* attempt : news) again = record(now, key, *attempt) || again;
    }
    if (!news.empty() && worker->orders_due > now + settings_.receipt_delay) {
        workers_.plan_orders(key, now + settings_.receipt_delay);
    }
    take_back(now, key);
}

// What a worker that takes nothing new has not begun goes elsewhere; of one that has left, all of
// it.
void Broker::take_back(Instant now, WorkerKey key) {
    const Worker& worker = workers_.at(key);
    if (takes_new(worker)) return;
    const std::map<std::string, std::uint32_t> present = used_[key];
    for (const auto& [id, used] : present) {
        Entry& entry = *runs_.at(id);
        const Step step =
            has_left(worker) ? Step(WorkerLost{key, its_worker_left}) : Step(WorkerRetires{key});
        if (!perform(now, entry, step)) continue;
        absorb(now, entry);
        touch(entry);
    }
}

// A job of that run died there, and nobody else is to blame.
void Broker::suspect(Instant now, WorkerKey key, const std::string& run) {
    const Order& order = runs_.at(run)->order;
    const auto pause =
        incidents_.add(now, workers_.at(key).called, order.user + "'s " + order.project);
    if (!pause) return;
    workers_.suspend(key, pause->until, pause->why);
    take_back(now, key);
}

// True if there was news in it.
bool Broker::record(Instant now, WorkerKey key, const AttemptStatus& attempt) {
    for (const auto& [id, used] : used_[key]) {
        Entry& entry = *runs_.at(id);
        const std::optional<std::uint32_t> place = entry.run.lane_of(attempt.id.job);
        if (!place) continue;
        const Run* lane = entry.run.lanes()[*place].get();
        const Job* job = lane->find(attempt.id.job);
        const bool is_there = job->attempt && job->attempt->number == attempt.id.number &&
                              lane->slots_on(key).contains(job->attempt->slot);
        if (!is_there) return false;
        const std::size_t old =
            already_recorded(job->attempt->recorded, attempt.first, attempt.facts.size());
        std::size_t i = old;
        const std::string& host = workers_.at(key).name;
        for (; i < attempt.facts.size(); ++i) {
            if (!entry.run.record(now, *place, attempt.id, attempt.facts[i], host)) break;
            if (!keeps(entry)) continue;
            FactRecorded step{*place, attempt.id, attempt.facts[i], host};
            keep(RunStep{entry.number, nanoseconds(now), std::move(step)});
        }
        touch(entry);
        const auto* end = i > old ? std::get_if<Ended>(&attempt.facts[i - 1]) : nullptr;
        if (end != nullptr && end->end == End::lost) suspect(now, key, id);
        return i > old;
    }
    return false;
}

void Broker::lose_worker(Instant now, WorkerKey key, const std::string& why) {
    const std::map<std::string, std::uint32_t> present = used_[key];
    for (const auto& [id, used] : present) {
        perform(now, *runs_.at(id), WorkerLost{key, why});
        touch(*runs_.at(id));
    }
    // Its slots are settled with it still there; then it goes.
    for (const std::string& id : std::set<std::string>(touched_)) absorb(now, *runs_.at(id));
    used_.erase(key);
    workers_.remove(key);
    if (kept_workers_.erase(key) > 0) keep(WorkerGone{key});
}

Effects Broker::drop(Instant now, const PeerId& peer) {
    for (const auto& [key, worker] : workers_.all()) {
        if (worker.peer != peer) continue;
        lose_worker(now, key, "lost: " + worker.name + " may not work here any more");
        break;
    }
    return settle(now, {});
}

// ---- After each step

Effects Broker::advance(Instant now) {
    workers_.end_suspensions(now);
    for (const WorkerKey key : workers_.silent(now, settings_.worker_lease)) {
        const std::map<std::string, std::uint32_t> present = used_[key];
        for (const auto& [id, used] : present) {
            if (runs_.at(id)->run.has_begun_on(key)) suspect(now, key, id);
        }
        lose_worker(now, key,
                    fmt::format("lost: nothing was heard of {} for {} s", workers_.at(key).name,
                                settings_.worker_lease / std::chrono::seconds(1)));
    }
    while (!by_due_.empty() && by_due_.begin()->first <= now) {
        Entry& entry = *runs_.at(by_due_.begin()->second);
        by_due_.erase(by_due_.begin());
        entry.due = never;
        const bool stays = entry.order.stays;
        if (stays) entry.followers.forget_silent(now - settings_.client_lease);
        const bool left = stays ? entry.followers.empty() : lease_end(entry) <= now;
        if (left && entry.run.over()) {
            remember_told(now, entry.run.id());
            forget(std::string(entry.run.id()));
            continue;
        }
        if (left && !stays) perform(now, entry, RunCancelled{});
        perform(now, entry, TimePassed{});
        touch(entry);
    }
    return settle(now, {});
}

Instant Broker::next_deadline() const {
    const Instant due = by_due_.empty() ? never : by_due_.begin()->first;
    return std::min({due, room_due_, workers_.next_deadline(settings_.worker_lease)});
}

// Slots that were freed go to whoever wants them, until nothing changes; then everyone hears.
Effects Broker::settle(Instant now, Effects effects) {
    std::set<std::string> settled;
    do {
        const std::set<std::string> touched = std::exchange(touched_, {});
        for (const std::string& id : touched) absorb(now, *runs_.at(id));
        give_places(now);
        for (const std::string& id : touched) {
            Entry& entry = *runs_.at(id);
            for (std::uint32_t i = 0; i < entry.run.lanes().size(); ++i) {
                schedule(now, entry, i);
            }
            absorb(now, entry);
            // It has found out only now that it could use one more.
            const bool asks = std::ranges::any_of(
                entry.run.lanes(), [](const auto& lane) { return lane->awaits_answer(); });
            if (asks || may_have_more(entry)) touch(entry);
        }
        settled.insert(touched.begin(), touched.end());
    } while (!touched_.empty());
    for (const std::string& id : settled) {
        Entry& entry = *runs_.at(id);
        measure(entry);
        send_events(entry, effects);
        if (entry.run.over() && entry.over_at == never) {
            entry.over_at = now;
            ++measures_.runs_over[entry.run.end()->end];
            if (keeps(entry)) keep_over(now, entry);
        }
        if (entry.due != never) by_due_.erase({entry.due, id});
        entry.due = std::min(entry.run.next_deadline(), lease_end(entry));
        if (entry.due == never) continue;
        entry.due = std::max(entry.due, now + Duration(1));
        by_due_.emplace(entry.due, id);
    }
    for (const WorkerKey key : workers_.due(now)) send_orders(now, key, effects);
    effects.journal = std::exchange(journal_, {});
    return effects;
}

// Takes over what a run has changed: places used, orders to be sent, whether it wants more.
void Broker::absorb(Instant now, Entry& entry) {
    for (const WorkerKey key : entry.run.take_changed()) {
        count_slots(entry, key);
        workers_.plan_orders(key, now);
    }
    shares_.set(now, entry.run.id(), claim_of(entry));
    if (entry.run.has_grid_locks()) {
        touch(grid_locks_.set(entry.run.id(), entry.run.resources()));
    }
}

void Broker::count_slots(const Entry& entry, WorkerKey key) {
    std::map<std::string, std::uint32_t>& used = used_[key];
    const auto count = static_cast<std::uint32_t>(entry.run.slots_on(key));
    if (count > 0) {
        used[entry.run.id()] = count;
    } else {
        used.erase(entry.run.id());
    }
    std::uint32_t total = 0;
    for (const auto& [id, slots] : used) total += slots;
    workers_.take_slots(key, total);
}

// When a follower is gone, or has been for long.
Instant Broker::lease_end(const Entry& entry) const {
    if (entry.followers.empty() && entry.over_at != never) return entry.over_at;
    return entry.followers.silent_at(settings_.client_lease);
}

void Broker::send_events(Entry& entry, Effects& effects) {
    const Events& events = entry.run.events();
    for (auto& [peer, follower] : entry.followers.all()) {
        while (follower.sent < events.size() && follower.takes_more()) {
            const std::uint64_t first = std::max(follower.sent, events.first());
            std::vector<Event> some = events.next(first, batch_bytes);
            follower.send(first + some.size(), weight(some));
            effects.send.push_back({peer, Progress{entry.run.id(), first, std::move(some)}});
        }
    }
}

}  // namespace xgrid::broker
