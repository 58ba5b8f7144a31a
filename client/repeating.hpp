// Which tests a loop on failing tests runs next: those that failed, until they pass; then
// everything. Pure: a round's plan goes out, its events come in.
//
// A test stays until it has passed, or is seen to be gone. A file that cannot be collected tells
// nothing of its tests: those that were failing stay, and are tried again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

class Repeating {
public:
    /// What the next round runs: these ids, none twice, in the suite's order; none: everything.
    const std::vector<std::string>& plan() const { return plan_; }
    /// Ids that have yet to pass, in that order.
    const std::vector<std::string>& failing() const { return failing_; }

    /// Whatever failed, the next round runs everything.
    void run_everything() { plan_.clear(); }

    void add(const Event& event);

    enum class Next : std::uint8_t {
        wait,   // for a change
        again,  // at once: what failed passes, or is not there any more
    };
    /// After a round's last event. If there was none, the round has not ended and tells nothing.
    Next end();

private:
    using Place = std::pair<std::size_t, std::size_t>;

    bool is_gone(const std::string& id) const;
    void update();
    Place place_of(const std::string& id) const;

    std::vector<std::string> plan_;
    std::vector<std::string> failing_;

    // Of the round.
    std::map<std::string, std::set<std::uint32_t>> verdicts_;  // where each test failed
    std::set<std::string> uncollected_;                        // units
    std::set<std::string> loaded_;                             // units
    std::set<std::string> tests_;                              // of these
    RunFinished finished_ = {RunEnd::grid_failed, 3, ""};

    // Of all rounds: the suite's order.
    std::map<std::string, Place> places_;
    std::map<std::string, std::size_t> units_;
};

}  // namespace xgrid::client
