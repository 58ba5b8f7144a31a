#include "worker/starts.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrid::worker {

void Starts::fail(Instant now, const std::string& project, const std::string& why) {
    if (now < until_) return;
    projects_.insert(project);
    if (!doubtful_ && projects_.size() < projects_most) return;
    why_ = fmt::format("no slot could start for {} project{}{}: {}; it is tried again after {} s",
                       projects_.size(), projects_.size() == 1 ? "" : "s",
                       projects_.size() == 1 ? "" : " one after the other",
                       why.substr(0, why.find('\n')), next_pause_ / std::chrono::seconds(1));
    until_ = now + next_pause_;
    next_pause_ = std::min(2 * next_pause_, pause_most);
    doubtful_ = true;
    projects_.clear();
}

void Starts::succeed() {
    projects_.clear();
    doubtful_ = false;
    next_pause_ = pause_least;
}

}  // namespace xgrid::worker
