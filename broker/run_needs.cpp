// Units that need more than a slot: when they may begin, and which slots wait for them.
//
// A unit has all that it needs before it begins, and waits with nothing, so that no two wait for
// each other. Who lacks something holds nobody back. But for slots one unit of a run at a time
// waits where it began to: idle slots of that worker stay idle for it, and it has its locks, so
// that small units that keep coming cannot starve it. It begins when there are as many as it
// wants, or when all that the run has there are idle and there are no more to be had: a run that
// shares a worker would wait for ever.
#include <algorithm>
#include <tuple>
#include <utility>

#include "broker/run.hpp"

namespace xgrid::broker {
namespace {

// More wishes than these are of no use at a time.
constexpr std::size_t wishes_max = 100;

}  // namespace

std::vector<SlotKey> Run::idle_on(WorkerKey worker) const {
    std::vector<SlotKey> found;
    for (const SlotKey key : slots_on(worker)) {
        if (slots_.at(key).jobs.empty() && !kept_.is_kept(key) && !retiring_.contains(key)) {
            found.push_back(key);
        }
    }
    return found;
}

// Of its slots there, those that it is to keep.
std::size_t Run::staying_on(WorkerKey worker) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        slots_on(worker), [&](SlotKey key) { return !retiring_.contains(key); }));
}

// As many as a unit with these needs could have there.
std::size_t Run::most_on(WorkerKey worker, const UnitNeeds& needs) const {
    const std::size_t most = std::max<std::size_t>(kept_.size_of(worker), staying_on(worker));
    return std::min<std::size_t>(needs.processors, most);
}

std::size_t Run::wanted_there() const {
    if (!kept_.awaited() || stopping() || over_) return 0;
    const WorkerKey worker = kept_.awaited()->worker;
    const std::size_t wanted = most_on(worker, *jobs_.at(kept_.awaited()->job).needs);
    return std::min(wanted - std::min(wanted, staying_on(worker)), room());
}

bool Run::awaits_answer() const {
    // While a unit of another lane runs alone, schedule() answers nothing.
    return !over_ && !stopping() && !resources_->runs_alone() && kept_.awaited() &&
           !kept_.awaited()->answered;
}

void Run::await_slots(const Job& wide, WorkerKey worker, std::optional<SlotKey> slot) {
    resources_->take(*wide.needs);
    kept_.await({.worker = worker, .job = wide.id, .slot = slot});
    for (const SlotKey key : slots_on(worker)) index(key);
}

void Run::await_no_more() {
    if (!kept_.awaited()) return;
    const KeptSlots::Awaited awaited = *kept_.awaited();
    resources_->give_back(*jobs_.at(awaited.job).needs);
    kept_.await_no_more();
    for (const SlotKey key : slots_on(awaited.worker)) index(key);
}

void Run::give_back_needs(const Job& needy) {
    resources_->give_back(*needy.needs);
    for (const SlotKey key : kept_.release(needy.id)) index(key);
}

void Run::grant(const std::vector<std::string>& locks) {
    for (const std::string& lock : locks) resources_->grant(lock);
}

// What it needs but slots it has.
void Run::begin_with(Instant now, const Job& needy, std::vector<SlotKey> slots,
                     std::optional<SlotKey> where) {
    const std::uint64_t id = needy.id;
    needy_.erase(needy);
    const SlotKey first = where.value_or(slots.front());
    std::erase(slots, first);
    for (const SlotKey key : slots) {
        kept_.keep(id, key);
        index(key);
    }
    hand_out(now, id, first);
}

// The unit that waits for slots begins, if it may; `there`: so many more can be had.
void Run::begin_awaited(Instant now, std::size_t there) {
    if (!kept_.awaited()) return;
    const KeptSlots::Awaited awaited = *kept_.awaited();
    const Job& wide = job(awaited.job);
    std::vector<SlotKey> idle = idle_on(awaited.worker);
    const std::size_t staying = staying_on(awaited.worker);
    const bool leaves = awaited.slot && retiring_.contains(*awaited.slot);
    if (staying == 0 || leaves) return await_no_more();
    kept_.hear_answer();
    const std::size_t most = most_on(awaited.worker, *wide.needs);
    if (idle.size() < most && (idle.size() < staying || there > 0)) return;
    idle.resize(std::min(idle.size(), most));
    if (awaited.slot && std::ranges::find(idle, *awaited.slot) == idle.end()) {
        idle.back() = *awaited.slot;
    }
    kept_.await_no_more();
    begin_with(now, wide, std::move(idle), awaited.slot);
    for (const SlotKey key : slots_on(awaited.worker)) index(key);
}

// True if it has begun. `where`: in that slot, which is idle, or nowhere.
bool Run::begin_needy(Instant now, const Job& needy, std::optional<SlotKey> where) {
    const UnitNeeds& needs = *needy.needs;
    if (kept_.awaited() && kept_.awaited()->job == needy.id) return false;
    if (!resources_->has(needs)) return false;
    if (needs.processors == 1 || needs.serial) {
        resources_->take(needs);
        begin_with(now, needy, {where.value_or(*idle_.begin())}, where);
        return true;
    }
    std::map<WorkerKey, std::size_t> idle;
    if (where) {
        idle[slot(*where).worker] = idle_on(slot(*where).worker).size();
    } else {
        for (const SlotKey key : idle_) ++idle[slot(key).worker];
    }
    for (const auto& [worker, count] : idle) {
        if (count < needs.processors) continue;
        std::vector<SlotKey> slots = idle_on(worker);
        if (where) std::iter_swap(slots.begin(), std::ranges::find(slots, *where));
        slots.resize(needs.processors);
        resources_->take(needs);
        begin_with(now, needy, std::move(slots), where);
        return true;
    }
    if (kept_.awaited()) return false;
    const std::optional<WorkerKey> best =
        where ? std::optional(slot(*where).worker) : best_for(needs);
    if (best) await_slots(needy, *best, where);
    return false;
}

// Of its workers, where the unit can have most, and has to wait for least; none: it has none.
std::optional<WorkerKey> Run::best_for(const UnitNeeds& needs) const {
    std::tuple<std::size_t, std::size_t, WorkerKey> best;
    for (const auto& [worker, slots] : by_worker_) {
        if (staying_on(worker) == 0) continue;
        best = std::max(best, {most_on(worker, needs), idle_on(worker).size(), worker});
    }
    const auto& [most, idle, worker] = best;
    return most > 0 ? std::optional(worker) : std::nullopt;
}

void Run::hand_out_needy(Instant now) {
    needy_wanted_ = 0;
    if (needy_.empty()) return;
    for (const SlotKey key : needy_.awaited()) {
        const std::deque<std::uint64_t> jobs = needy_.of_slots().at(key);
        for (const std::uint64_t id : jobs) {
            if (!idle_.contains(key)) break;
            if (!job(id).needs->serial) begin_needy(now, job(id), key);
        }
    }
    for (auto kind = needy_.kinds().begin(); kind != needy_.kinds().end();) {
        const UnitNeeds& needs = *kind->second.needs;
        // Those of several processors choose where they wait before a slot comes free: those that
        // run would go on with what they have ahead.
        if (needs.serial || (idle_.empty() && needs.processors == 1)) break;
        const NeedyJobs::Order order = kind->first;
        const bool begun = begin_needy(now, job(kind->second.jobs.front()), std::nullopt);
        kind = begun ? needy_.kinds().lower_bound(order) : needy_.kinds().upper_bound(order);
    }
    needy_wanted_ = count_wanted();
}

// Slots that units could begin in which wait for nothing else.
std::size_t Run::count_wanted() const {
    if (needy_.empty()) return 0;
    std::size_t wanted = 0;
    Resources left = *resources_;
    for (const auto& [order, kind] : needy_.kinds()) {
        if (kind.needs->serial || wanted >= room()) break;
        for (std::size_t i = 0; i < kind.jobs.size() && left.has(*kind.needs); ++i) {
            if (kept_.awaited() && kept_.awaited()->job == kind.jobs[i]) continue;
            left.take(*kind.needs);
            if (++wanted >= room()) break;
        }
    }
    // Who waits for something else is to have a slot when it comes.
    return wanted == 0 && (slots_.empty() || !grid_wishes(1).empty()) ? 1 : wanted;
}

// Serial units go last, when nothing else is left that could run.
void Run::hand_out_alone(Instant now) {
    if (needy_.empty() || idle_.empty() || !resources_->is_idle() || kept_.awaited()) return;
    for (const SlotKey key : needy_.awaited()) {
        const Job& first = job(needy_.of_slots().at(key).front());
        if (idle_.contains(key) && first.needs->serial && begin_needy(now, first, key)) return;
    }
    for (const auto& [order, kind] : needy_.kinds()) {
        if (kind.needs->serial && begin_needy(now, job(kind.jobs.front()), std::nullopt)) return;
    }
}

std::vector<std::vector<std::string>> Run::lock_wishes() const {
    return idle_.empty() || stopping() || over_ ? std::vector<std::vector<std::string>>()
                                                : grid_wishes(wishes_max);
}

// For each unit that lacks nothing but locks of the grid, which.
std::vector<std::vector<std::string>> Run::grid_wishes(std::size_t most) const {
    std::vector<std::vector<std::string>> wishes;
    const auto add = [&](const UnitNeeds& needs, std::size_t times) {
        if (wishes.size() >= most || !resources_->has_beside_grid(needs)) return;
        // It could not begin with them: one unit at a time waits for slots, and alone is after
        // that.
        if (kept_.awaited() && (needs.processors > 1 || needs.serial)) return;
        const std::vector<std::string> lacking = resources_->busy(needs);
        if (lacking.empty()) return;
        wishes.insert(wishes.end(), std::min(times, most - wishes.size()), lacking);
    };
    for (const auto& [key, jobs] : needy_.of_slots()) {
        if (idle_.contains(key)) add(*jobs_.at(jobs.front()).needs, 1);
    }
    for (const auto& [order, kind] : needy_.kinds()) {
        if (wishes.size() >= most) break;
        const std::size_t times = std::max<std::size_t>(idle_.size(), 1);
        add(*kind.needs, std::min(kind.jobs.size(), times));
    }
    return wishes;
}

}  // namespace xgrid::broker
