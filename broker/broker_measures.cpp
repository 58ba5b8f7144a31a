// What a broker counts and times of its runs.
#include <utility>

#include "broker/broker.hpp"

namespace xgrid::broker {

Counts Broker::counts() const {
    Counts counts;
    for (const auto& [id, entry] : runs_) {
        if (entry->run.over()) continue;
        ++(entry->run.live_slots() > 0 ? counts.runs_running : counts.runs_waiting);
        for (const auto& lane : entry->run.lanes()) {
            std::size_t held = 0;
            for (const auto& [key, slot] : lane->slots()) held += slot.jobs.size();
            counts.jobs_held += held;
            counts.jobs_waiting += lane->jobs().size() - held;
        }
    }
    return counts;
}

// What has come about since the last time.
void Broker::measure(Entry& entry) {
    for (const Duration wait : entry.run.take_waits()) measures_.job_began.observe(wait);
    for (const auto& [outcome, count] : entry.run.verdicts()) {
        measures_.verdicts[outcome] += count - std::exchange(entry.measured[outcome], count);
    }
}

void Broker::measure_slot(Instant now, Entry& entry) {
    if (std::exchange(entry.had_slot, true)) return;
    measures_.first_slot.observe(now - entry.submitted_at);
}

// Of another life, which its own figures have told.
void Broker::leave_unmeasured(Entry& entry) {
    entry.run.take_waits();
    entry.measured = entry.run.verdicts();
    entry.had_slot = entry.run.live_slots() > 0 || !entry.measured.empty();
}

}  // namespace xgrid::broker
