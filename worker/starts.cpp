#include "worker/starts.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrid::worker {

void Starts::fail(Instant now, const std::string& run, const std::string& why) {
    if (now < until_) return;
    runs_.insert(run);
    if (!doubtful_ && runs_.size() < runs_most) return;
    why_ = fmt::format("no slot could start for {} run{}{}: {}; it is tried again after {} s",
                       runs_.size(), runs_.size() == 1 ? "" : "s",
                       runs_.size() == 1 ? "" : " one after the other",
                       why.substr(0, why.find('\n')), next_pause_ / std::chrono::seconds(1));
    until_ = now + next_pause_;
    next_pause_ = std::min(2 * next_pause_, pause_most);
    doubtful_ = true;
    runs_.clear();
}

void Starts::succeed() {
    runs_.clear();
    doubtful_ = false;
    next_pause_ = pause_least;
}

}  // namespace xgrid::worker
