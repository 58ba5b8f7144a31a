// Slots that get no job for a while, for a unit that takes more slots than the one that runs it:
// those that it keeps idle beside it, and before that all of the worker where it waits for enough.
// Knows workers' sizes; knows nothing of jobs but their numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "broker/job.hpp"

namespace xgrid::broker {

class KeptSlots {
public:
    /// Of a job that has all that it needs but slots.
    struct Awaited {
        WorkerKey worker = 0;
        std::uint64_t job = 0;
        std::optional<SlotKey> slot;  // that it can be in; none: any
        bool answered = false;        // whether more slots may be had there
    };

    const std::optional<Awaited>& awaited() const { return awaited_; }
    /// A job waits there for more slots.
    bool holds(WorkerKey worker) const { return awaited_ && awaited_->worker == worker; }
    void await(Awaited awaited) { awaited_ = awaited; }
    void hear_answer() { awaited_->answered = true; }
    void await_no_more() { awaited_.reset(); }

    void keep(std::uint64_t job, SlotKey slot) {
        kept_[slot] = job;
        by_job_[job].insert(slot);
    }
    bool is_kept(SlotKey slot) const { return kept_.contains(slot); }
    std::size_t kept_by(std::uint64_t job) const {
        const auto found = by_job_.find(job);
        return found == by_job_.end() ? 0 : found->second.size();
    }
    /// What it kept.
    std::set<SlotKey> release(std::uint64_t job) {
        const auto found = by_job_.find(job);
        if (found == by_job_.end()) return {};
        const std::set<SlotKey> slots = std::move(found->second);
        by_job_.erase(found);
        for (const SlotKey slot : slots) kept_.erase(slot);
        return slots;
    }
    /// It is gone.
    void lose(SlotKey slot) {
        const auto found = kept_.find(slot);
        if (found == kept_.end()) return;
        by_job_[found->second].erase(slot);
        kept_.erase(found);
    }

    /// How many slots a worker has, for all runs; 0: that is not known.
    void set_size(WorkerKey worker, std::uint32_t slots) { sizes_[worker] = slots; }
    std::uint32_t size_of(WorkerKey worker) const {
        const auto found = sizes_.find(worker);
        return found == sizes_.end() ? 0 : found->second;
    }
    void forget(WorkerKey worker) { sizes_.erase(worker); }

private:
    std::optional<Awaited> awaited_;
    std::map<SlotKey, std::uint64_t> kept_;  // for which job
    std::map<std::uint64_t, std::set<SlotKey>> by_job_;
    std::map<WorkerKey, std::uint32_t> sizes_;
};

}  // namespace xgrid::broker
