// Whether slots are shared fairly: computed anew from what runs have and want.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/share_rules.hpp"
#include "broker/submission.hpp"
#include "tests/simulation/judges.hpp"

namespace xgrid::simulation {

struct UsersRun {
    const broker::Submission* run = nullptr;
    std::string user;
};

class Shares {
public:
    /// Every run may use every slot, of which there are some.
    void look(Judges& judges, Instant now, const std::vector<UsersRun>& runs,
              const broker::ShareRules& rules);
    /// A broker has begun anew.
    void forget();

private:
    struct Held {
        double held = 0;
        double leaving = 0;
        double wanted = 0;
    };
    void look_at_users(Judges& judges, Instant now, const std::map<std::string, Held>& users,
                       const broker::ShareRules& rules);

    // Of who has too little, and of whom: since when, and how many slots the first one has.
    std::map<std::pair<std::string, std::string>, std::pair<Instant, double>> unfair_since_;
    std::map<std::string, Instant> empty_since_;  // runs
};

}  // namespace xgrid::simulation
