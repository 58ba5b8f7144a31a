// Whether units have what they need beside a slot while they run, and nobody too much: computed
// anew from what is with slots, and from what slots do. Which unit needs what, the suite says.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/submission.hpp"
#include "tests/simulation/judges.hpp"
#include "tests/simulation/suite.hpp"

namespace xgrid::simulation {

/// What the broker plans.
class Demands {
public:
    void look(Judges& judges, Instant now, const Suite& suite,
              const std::vector<const broker::Submission*>& runs);
    /// A broker has begun anew.
    void forget() { waits_since_.clear(); }

private:
    void look_at_run(Judges& judges, const Suite& suite, const broker::Submission& run) const;
    void look_at_wide(Judges& judges, const Suite& suite, const broker::Run& lane) const;
    void look_at_idle(Judges& judges, const Suite& suite, const broker::Submission& run) const;
    void look_at_waits(Judges& judges, Instant now, const Suite& suite,
                       const std::vector<const broker::Submission*>& runs);

    // Of units that wait for slots, and of runs that wait for locks of the grid.
    std::map<std::pair<std::string, std::uint64_t>, Instant> waits_since_;
};

/// What runs in slots. Overlaps are broken promises unless workers are lost, or runs are cut short.
class Running {
public:
    void begin(Judges& judges, const RunSpec& spec, const std::string& run, std::uint64_t slot,
               const UnitNeeds& needs);
    void end(std::uint64_t slot) { units_.erase(slot); }

private:
    struct Unit {
        std::string run;
        UnitNeeds needs;
        std::map<std::string, Lock> locks;
    };
    std::map<std::uint64_t, Unit> units_;  // by the slot's number
};

}  // namespace xgrid::simulation
