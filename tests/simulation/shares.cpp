#include "tests/simulation/shares.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "broker/fair_share.hpp"
#include "tests/simulation/faults.hpp"

namespace xgrid::simulation {
namespace {

// The broker waits for a slot to become free by itself, and does not look at each step.
constexpr Duration unfair_most = milliseconds(300);
// A turn, and what it takes at most until a slot has changed hands: a worker's lease and more.
constexpr Duration turn_most = seconds(40);

}  // namespace

void Shares::forget() {
    unfair_since_.clear();
    empty_since_.clear();
}

void Shares::look(Judges& judges, Instant now, const std::vector<UsersRun>& runs,
                  const broker::ShareRules& rules) {
    std::map<std::string, Held> users;
    for (const auto& [run, user] : runs) {
        Held& held = users[user];
        std::size_t wanted = 0;
        for (const auto& lane : run->lanes()) {
            // Who ends gives up everything.
            const std::size_t leaving = lane->end() ? lane->live_slots() : lane->retiring().size();
            held.leaving += static_cast<double>(leaving);
            held.held += static_cast<double>(lane->live_slots() - leaving);
            wanted += lane->slots_wanted();
        }
        held.wanted += static_cast<double>(wanted);
        if (wanted == 0 || run->live_slots() > 0) {
            empty_since_.erase(run->id());
        } else {
            const Instant since = empty_since_.try_emplace(run->id(), now).first->second;
            if (now - since > broker::turn_span) judges.notes("a run waits for its turn");
            const auto turns = static_cast<Duration::rep>(runs.size() + 1);
            judges.check(now < judges.faults_end() || now - since < turn_most * turns,
                         fmt::format("every run gets its turn: {} does not", run->id()));
        }
    }
    look_at_users(judges, now, users, rules);
}

void Shares::look_at_users(Judges& judges, Instant now, const std::map<std::string, Held>& users,
                           const broker::ShareRules& rules) {
    double leaving = 0;
    for (const auto& [name, user] : users) leaving += user.leaving;
    const bool others_want = std::ranges::any_of(
        users, [](const auto& user) { return user.second.wanted > 0 && user.second.leaving == 0; });
    if (leaving > 0 && others_want) judges.notes("a slot goes to another user");
    for (const auto& [name, poor] : users) {
        const std::uint32_t most = rules.of(name).slots_max;
        const bool limited = most > 0 && poor.held + poor.leaving >= most;
        judges.check(most == 0 || poor.held + poor.leaving <= most,
                     "a user has no more slots than the limit: " + name);
        for (const auto& [other, rich] : users) {
            const double after = (rich.held - 1) / rules.of(other).weight;
            const double its_after = (poor.held + leaving + 1) / rules.of(name).weight;
            // What is leaving may be for it.
            const bool unfair = poor.wanted > leaving && !limited && name != other &&
                                rich.held >= 2 && after >= its_after;
            if (!unfair) {
                unfair_since_.erase({name, other});
                continue;
            }
            // Who gets a slot has to wait anew before others give up theirs.
            const double has = poor.held + poor.leaving;
            const auto [found, is_new] = unfair_since_.try_emplace({name, other}, now, has);
            auto& [since, had] = found->second;
            if (has > had) since = now;
            had = has;
            judges.check(now - since < unfair_most,
                         fmt::format("who has more gives to who has less: {} ({} slots) to {} ({})",
                                     other, rich.held, name, poor.held));
        }
    }
}

}  // namespace xgrid::simulation
