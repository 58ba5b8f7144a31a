// Whether slots can start here at all. That one cannot may be its project's own doing; where
// several projects in a row could not start a single one, the host is to blame, and takes nothing
// new for a while. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "shared/instant.hpp"

namespace xgrid::worker {

class Starts {
public:
    /// So many projects; once it was out, one more is enough until a slot has started again.
    static constexpr std::size_t projects_most = 3;
    /// How long it takes nothing new; twice as long each further time, but no longer than that.
    static constexpr Duration pause_least = std::chrono::seconds(30);
    static constexpr Duration pause_most = std::chrono::minutes(10);

    void fail(Instant now, const std::string& project, const std::string& why);
    void succeed();
    /// Why nothing new is taken; empty: it is.
    std::string trouble(Instant now) const { return now < until_ ? why_ : std::string(); }

private:
    std::set<std::string> projects_;  // that could not, since one could
    bool doubtful_ = false;           // it was out since then
    Duration next_pause_ = pause_least;
    Instant until_;
    std::string why_;
};

}  // namespace xgrid::worker
