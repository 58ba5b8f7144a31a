#include "broker/incidents.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrid::broker {

std::optional<Incidents::Pause> Incidents::add(Instant now, const std::string& worker,
                                               const std::string& project) {
    std::erase_if(records_,
                  [&](const auto& entry) { return now > *entry.second.last + forgiven_after; });
    Record& record = records_[worker];
    if (record.last && now < *record.last + together) return std::nullopt;
    record.last = now;
    if (record.pause && now < record.pause->until) return std::nullopt;
    std::erase_if(record.projects, [&](const auto& entry) { return now > entry.second + span; });
    record.projects[project] = now;
    if (record.projects.size() < projects_least) return std::nullopt;
    const Duration lasts = record.next_pause;
    record.next_pause = std::min(2 * lasts, pause_most);
    record.pause =
        Pause{now + lasts,
              fmt::format("jobs of {} projects died there one after the other; it is tried again "
                          "after {} s",
                          record.projects.size(), lasts / std::chrono::seconds(1))};
    record.projects.clear();
    return record.pause;
}

std::optional<Incidents::Pause> Incidents::pause(Instant now, const std::string& worker) const {
    const auto found = records_.find(worker);
    if (found == records_.end() || !found->second.pause) return std::nullopt;
    return now < found->second.pause->until ? found->second.pause : std::nullopt;
}

}  // namespace xgrid::broker
