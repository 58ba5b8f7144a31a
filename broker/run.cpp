#include "broker/run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "shared/ensure.hpp"
#include "shared/environment.hpp"

namespace xgrid::broker {

Run::Run(std::string id, RunSpec spec, std::vector<DoneTest> done, std::uint64_t& next_job,
         const Settings& settings, std::optional<Lane> lane)
    : id_(std::move(id)),
      spec_(std::move(spec)),
      next_job_(&next_job),
      settings_(&settings),
      lane_(lane),
      environments_(environments_of(spec_)),
      resources_(lane_ ? lane_->resources : std::make_shared<Resources>(spec_.locks)),
      needy_(spec_.needs),
      collected_units_(spec_.collected_units.begin(), spec_.collected_units.end()),
      retries_(spec_),
      confirmation_(spec_, settings.confirmations_max) {
    for (const Environment& environment : environments_) {
        const bool served = !lane_ || lane_->environment == places_.size();
        places_.push_back({.first = next_slot_, .served = served});
        next_slot_ += environment.slots;
    }
    for (DoneTest& test : done) {
        if (lane_ && test.environment != lane_->environment) continue;
        test.environment = 0;  // as all of them are of this one
        done_.insert(std::move(test));
    }
    waiting_.push_back(add_job({.kind = JobKind::enumerate}, 0));
}

const Job* Run::find(std::uint64_t id) const {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : &found->second;
}

Instant Run::next_deadline() const {
    if (over_) return never;
    Instant next = std::min({finish_by_, rebalance_at_, again_due_});
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
        const Instant ramped = ramped_at(i);
        if (ramped > seen_) next = std::min(next, ramped);
    }
    return next;
}

std::uint64_t Run::add_job(JobBody body, std::uint32_t losses, Purpose purpose) {
    const std::uint64_t id = (*next_job_)++;
    open_jobs_ += body.kind == JobKind::finish ? 0 : 1;
    collected_jobs_ += purpose == Purpose::test ? 0 : 1;
    const UnitNeeds* needs = body.kind == JobKind::unit ? needy_.of(body.unit) : nullptr;
    Job added{.id = id, .body = std::move(body), .purpose = purpose, .needs = needs};
    added.losses = losses;
    added.rank = added.body.selection.mode == Select::only
                     ? outlook_.rank_of(added.body.unit, added.body.selection.tests)
                     : outlook_.rank_of(added.body.unit);
    jobs_.emplace(id, std::move(added));
    return id;
}

// All of it but what has verdicts already.
JobBody Run::whole(const std::string& unit) const {
    JobBody body{.kind = JobKind::unit, .unit = unit};
    const auto done = done_.lower_bound(DoneTest{.unit = unit});
    for (auto it = done; it != done_.end() && it->unit == unit; ++it) {
        body.selection.mode = Select::except;
        body.selection.tests.push_back(it->test);
    }
    return body;
}

void Run::wait_for_slot(const Job& open) {
    const bool anywhere = open.group.empty() && open.purpose == Purpose::test;
    if (anywhere && open.again && open.needs == nullptr) return waiting_again_.push_back(open.id);
    if (anywhere && open.needs != nullptr) {
        needy_.wait(open);
    } else if (open.group.empty() || open.purpose != Purpose::test) {
        enqueue(open);
    } else {
        groups_.wait(open.group, open.id);
    }
}

void Run::enqueue(const Job& open) {
    std::deque<std::uint64_t>& queue = queue_for(open);
    const bool ranked = &queue == &waiting_ && !outlook_.empty();
    if (!ranked || open.body.kind != JobKind::unit) return queue.push_back(open.id);
    const auto before = [](const Rank& a, const Rank& b) { return a.goes_before(b); };
    const auto rank = [this](std::uint64_t id) -> const Rank& { return jobs_.at(id).rank; };
    queue.insert(std::ranges::upper_bound(queue, open.rank, before, rank), open.id);
}

std::deque<std::uint64_t>& Run::queue_for(const Job& open) {
    if (open.purpose == Purpose::test) return waiting_;
    return open.environment ? places_.at(*open.environment).waiting_collected : waiting_collected_;
}

// Like that one, for its unit, but with these tests in so many pieces.
void Run::add_unit_jobs(const Job& like, std::vector<TestName> tests, std::size_t pieces,
                        std::uint32_t losses, const std::string& group) {
    std::size_t most = settings_->job_tests_max;
    if (spec_.chunk_max > 0) most = std::min<std::size_t>(most, spec_.chunk_max);
    if (group.empty() && pieces > 1 && outlook_.knows(like.body.unit)) {
        for (auto& piece : outlook_.pieces_of(like.body.unit, tests, pieces, most)) {
            add_piece(like, std::move(piece), losses, group);
        }
        return;
    }
    pieces = std::clamp(pieces, (tests.size() + most - 1) / most,
                        std::max<std::size_t>(tests.size(), 1));
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        const auto from =
            tests.begin() + static_cast<std::ptrdiff_t>(tests.size() * piece / pieces);
        const auto to =
            tests.begin() + static_cast<std::ptrdiff_t>(tests.size() * (piece + 1) / pieces);
        if (from != to) add_piece(like, {from, to}, losses, group);
    }
}

void Run::add_piece(const Job& like, std::vector<TestName> tests, std::uint32_t losses,
                    const std::string& group) {
    JobBody body{.kind = JobKind::unit, .unit = like.body.unit};
    body.selection = {.mode = Select::only, .tests = std::move(tests)};
    Job& added = job(add_job(std::move(body), losses, like.purpose));
    added.group = group;
    added.again = like.again;
    again_jobs_ += added.again ? 1 : 0;
    wait_for_slot(added);
}

// The same for tests of its attempt, by their places: those of a group are not parted.
void Run::add_unit_jobs(const Job& like, const std::vector<std::uint32_t>& tests,
                        std::size_t pieces, std::uint32_t losses) {
    std::vector<std::string> order;
    std::map<std::string, std::vector<TestName>> groups;
    for (const std::uint32_t test : tests) {
        std::string group = group_of(like, test);
        std::vector<TestName>& members = groups[group];
        if (members.empty()) order.push_back(std::move(group));
        members.push_back(like.attempt->tests[test]);
    }
    for (const std::string& group : order) {
        const std::size_t most = group.empty() ? pieces : 1;
        add_unit_jobs(like, std::move(groups.at(group)), most, losses, group);
    }
}

std::string Run::group_of(const Job& of, std::uint32_t test) const {
    if (spec_.grouping == Grouping::none || of.again) return {};
    if (spec_.grouping == Grouping::file) return of.body.unit;
    return test < of.attempt->groups.size() ? of.attempt->groups[test] : std::string();
}

const std::set<SlotKey>& Run::slots_on(WorkerKey worker) const {
    static const std::set<SlotKey> none;
    const auto found = by_worker_.find(worker);
    return found == by_worker_.end() ? none : found->second;
}

void Run::index(SlotKey key) {
    const Slot& indexed = slot(key);
    idle_.erase(key);
    with_one_job_.erase(key);
    const bool held =
        kept_.is_kept(key) || (kept_.holds(indexed.worker) && !retiring_.contains(key));
    if (indexed.jobs.empty() && !held) idle_.insert(key);
    if (indexed.jobs.size() == 1) with_one_job_.insert(key);
}

void Run::reindex(SlotKey key) {
    index(key);
    changed_.insert(slot(key).worker);
}

// When the next slot of that environment may begin.
Instant Run::ramped_at(std::uint32_t environment) const {
    const Place& place = places_.at(environment);
    if (spec_.ramp_seconds <= 0 || place.used >= environments_[environment].slots) return {};
    std::uint32_t slots = 0;
    for (const Environment& one : environments_) slots += one.slots;
    const double before = static_cast<double>(place.first + place.used) / slots;
    const std::chrono::duration<double> wait(spec_.ramp_seconds * before);
    return began_at_.value_or(seen_) + std::chrono::duration_cast<Duration>(wait);
}

std::uint32_t Run::room_in(std::uint32_t environment) const {
    if (!places_.at(environment).served || seen_ < ramped_at(environment)) return 0;
    const std::uint32_t most = environments_.at(environment).slots;
    const std::uint32_t room = most - std::min(most, places_.at(environment).slots);
    return spec_.ramp_seconds > 0 ? std::min(room, 1U) : room;
}

std::size_t Run::room() const {
    std::size_t room = 0;
    for (std::uint32_t i = 0; i < places_.size(); ++i) room += room_in(i);
    return room;
}

std::uint32_t Run::environment_of(const Job& about) const {
    return slots_.at(about.attempt->slot).environment;
}

std::string Run::name_of(SlotKey key) const {
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const std::string& name = environments_[i].slot_name;
        if (key == places_[i].first && environments_[i].slots > 0 && !name.empty()) return name;
    }
    return slot_name(key);
}

void Run::add_slot(WorkerKey worker, std::uint32_t environment, std::uint32_t size) {
    Place& place = places_.at(environment);
    SlotKey& next = lane_ ? *lane_->next_slot : next_slot_;
    const SlotKey key =
        place.used < environments_[environment].slots ? place.first + place.used++ : next++;
    ++place.slots;
    // Collecting everything takes long: beside the slot that lists, the next one begins with it.
    const bool collects =
        needs_collecting(place) ||
        (!collects_somewhere() && !collected_units_.empty() && !enumerated_ && !slots_.empty());
    slots_.emplace(key, Slot{.worker = worker, .environment = environment, .collected = collects});
    if (collects) place.collected = key;
    by_worker_[worker].insert(key);
    kept_.set_size(worker, size);
    reindex(key);
}

void Run::hand_out(Instant now, std::uint64_t id, SlotKey key) {
    Job& handed = job(id);
    ensure(!handed.attempt, "a job has one attempt at a time");
    handed.attempt = Attempt{.number = ++handed.attempts,
                             .slot = key,
                             .ahead = !slot(key).jobs.empty(),
                             .assigned_at = now};
    resources_->begin_job(handed.needs != nullptr && handed.needs->serial);
    slot(key).jobs.push_back(id);
    reindex(key);
}

void Run::take_from_slot(const Job& taken) {
    ensure(taken.attempt.has_value(), "only a job with an attempt is with a slot");
    std::erase(slot(taken.attempt->slot).jobs, taken.id);
    reindex(taken.attempt->slot);
    resources_->end_job(taken.needs != nullptr && taken.needs->serial);
    if (taken.needs != nullptr) give_back_needs(taken);
}

void Run::drop_job(std::uint64_t id) {
    if (job(id).attempt) {
        take_from_slot(job(id));
    } else if (job(id).needs != nullptr) {
        if (kept_.awaited() && kept_.awaited()->job == id) await_no_more();
        needy_.erase(job(id));
    }
    open_jobs_ -= job(id).body.kind == JobKind::finish ? 0 : 1;
    collected_jobs_ -= job(id).purpose == Purpose::test ? 0 : 1;
    again_jobs_ -= job(id).again ? 1 : 0;
    jobs_.erase(id);
}

void Run::drop_slot(SlotKey key, const std::string& reason, const std::string& output) {
    ensure(slot(key).jobs.empty(), "a slot that goes holds no job");
    if (slot(key).up || !reason.empty()) {
        events_.emplace_back(WorkerDown{.worker = name_of(key),
                                        .reason = reason,
                                        .environment = slot(key).environment,
                                        .output = output});
    }
    const WorkerKey worker = slot(key).worker;
    changed_.insert(worker);
    idle_.erase(key);
    retiring_.erase(key);
    Place& place = places_.at(slot(key).environment);
    if (place.collected == key) place.collected.reset();
    --place.slots;
    by_worker_[worker].erase(key);
    if (by_worker_[worker].empty()) {
        by_worker_.erase(worker);
        kept_.forget(worker);
        if (kept_.holds(worker)) await_no_more();
    }
    slots_.erase(key);
    groups_.lose(key);
    kept_.lose(key);
    for (const std::uint64_t id : needy_.take_of(key)) {
        if (kept_.awaited() && kept_.awaited()->job == id) await_no_more();
        wait_for_slot(job(id));
    }
}

void Run::cancel(Instant now) {
    stop(now, {.end = RunEnd::cancelled, .code = 2, .reason = "cancelled"});
}

void Run::fail(Instant now, const std::string& reason) {
    stop(now, {.end = RunEnd::grid_failed, .code = 3, .reason = reason});
}

void Run::stop(Instant now, RunFinished end) {
    if (over_) return;
    // A test's session may still go wrong while it is torn down.
    const bool late = stopping() && end_->end == RunEnd::completed &&
                      (end.end == RunEnd::exit_asked || end.end == RunEnd::stopped);
    if (stopping() && !late && (end_->end == RunEnd::cancelled || end.end != RunEnd::cancelled)) {
        return;
    }
    const bool at_once = end.end == RunEnd::cancelled || end.end == RunEnd::grid_failed ||
                         end.end == RunEnd::refused;
    end_ = std::move(end);
    end_retries(now);
    end_confirmation(now, "");
    for (const std::uint64_t id : std::exchange(waiting_, {})) drop_job(id);
    for (const std::uint64_t id : std::exchange(waiting_again_, {})) drop_job(id);
    for (const std::uint64_t id : groups_.take_all()) drop_job(id);
    for (const std::uint64_t id : needy_.take_all()) drop_job(id);
    for (const std::uint64_t id : take_waiting_collected()) drop_job(id);
    if (at_once) {
        std::vector<std::uint64_t> open;
        for (const auto& [id, held] : jobs_) open.push_back(id);
        for (const std::uint64_t id : open) drop_job(id);
        while (!slots_.empty()) drop_slot(slots_.begin()->first, "");
    } else {
        for (auto& [id, held] : jobs_) {
            if (held.body.kind != JobKind::finish) ask_back(held, 0);
        }
        finish_by_ = std::min(finish_by_, now + settings_->finish_grace);
    }
    go_on(now);
}

void Run::withdraw(Instant now, std::uint32_t environment, RunFinished why) {
    if (environment >= places_.size() || !places_[environment].served || over_) return;
    Place& place = places_[environment];
    place.served = false;
    if (!withdrawn_) withdrawn_ = why;
    if (environments_.size() > 1 && !lane_) {
        events_.emplace_back(EnvironmentEnded{environment, why.end, why.code, why.reason});
    }
    if (std::ranges::none_of(places_, &Place::served)) stop(now, *withdrawn_);
    if (over_) return;
    // What is confirmed anywhere is better than what is not.
    for (auto& [id, open] : jobs_) {
        if (open.environment == environment) open.environment.reset();
    }
    for (const std::uint64_t id : std::exchange(place.waiting_collected, {}))
        wait_for_slot(job(id));
    std::vector<SlotKey> lost;
    for (const auto& [key, slot] : slots_) {
        if (slot.environment == environment) lost.push_back(key);
    }
    const std::string line = "lost: " + why.reason.substr(0, why.reason.find('\n'));
    for (const SlotKey key : lost) {
        for (const std::uint64_t id : std::vector<std::uint64_t>(slot(key).jobs)) {
            requeue(now, job(id), false, line);
        }
        drop_slot(key, line);
    }
    go_on(now);
}

void Run::go_on(Instant now) {
    if (over_) return;
    if (!stopping()) {
        if (!enumerated_ || open_jobs_ > 0 || !confirmation_.empty()) return;
        end_ = RunFinished{.end = RunEnd::completed};
    }
    finish(now);
}

void Run::finish(Instant now) {
    for (const SlotKey key : std::set<SlotKey>(idle_))
        hand_out(now, add_job({.kind = JobKind::finish}, 0), key);
    if (!slots_.empty()) return;
    ensure(jobs_.empty(), "a run that is over has no open job");
    if (end_->end == RunEnd::completed && !session_trouble_.empty()) {
        end_ = RunFinished{.end = RunEnd::exit_asked, .code = 3, .reason = session_trouble_};
    }
    over_ = true;
    events_.emplace_back(*end_);
}

void Run::advance(Instant now) {
    seen_ = now;
    if (over_ || now < finish_by_) return;
    // Grace is over: what has not ended by now is ended.
    std::vector<std::uint64_t> open;
    for (const auto& [id, held] : jobs_) open.push_back(id);
    for (const std::uint64_t id : open) drop_job(id);
    while (!slots_.empty()) {
        drop_slot(slots_.begin()->first, "did not finish in time and was ended");
    }
    finish(now);
}

}  // namespace xgrid::broker
