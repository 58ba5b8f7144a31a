#include "broker/fair_share.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace xgrid::broker {
namespace {

constexpr std::int32_t priority_most = 100;
// Who waits gets four times of what a run gets that nobody waits for.
constexpr std::int32_t interactive_levels = 2;

double share_of(const Claim& claim) {
    return std::ldexp(static_cast<double>(claim.held), -claim.level);
}

}  // namespace

std::int32_t level_of(std::int32_t priority, bool interactive) {
    return std::clamp(priority, -priority_most, priority_most) +
           (interactive ? interactive_levels : 0);
}

const FairShare::Run& FairShare::at(const std::string& run) const {
    return users_.at(user_of_.at(run)).runs.at(run);
}

void FairShare::set(Instant now, const std::string& run, const Claim& claim) {
    if (claim.held + claim.leaving + claim.wanted == 0) return forget(run);
    User& user = users_[claim.user];
    const auto [found, is_new] = user.runs.try_emplace(run);
    Run& known = found->second;
    if (is_new) user_of_[run] = claim.user;
    if (!is_new && known.claim == claim) return;
    const Claim old = std::exchange(known.claim, claim);
    if (user.held == 0 && claim.held > 0) user.holds_since = now;
    user.held += claim.held - old.held;
    user.leaving += claim.leaving - old.leaving;
    const std::size_t more = std::size_t{claim.wanted > 0} - std::size_t{old.wanted > 0};
    if (user.wanting == 0 && more == 1) user.wants_since = now;
    user.wanting += more;
    wanting_ += more;
    if (old.held == 0 && claim.held > 0) known.holds_since = now;
    if (old.wanted == 0 && claim.wanted > 0) known.wants_since = now;
    const bool was_empty = old.held == 0 && old.wanted > 0;
    if (!was_empty && claim.held == 0 && claim.wanted > 0) known.empty_since = now;
}

void FairShare::forget(const std::string& run) {
    const auto found = user_of_.find(run);
    if (found == user_of_.end()) return;
    User& user = users_.at(found->second);
    const Claim& claim = user.runs.at(run).claim;
    user.held -= claim.held;
    user.leaving -= claim.leaving;
    user.wanting -= std::size_t{claim.wanted > 0};
    wanting_ -= std::size_t{claim.wanted > 0};
    user.runs.erase(run);
    if (user.runs.empty()) users_.erase(found->second);
    user_of_.erase(found);
}

double FairShare::share(const std::string& name, const User& user) const {
    return static_cast<double>(user.held) / rules_.of(name).weight;
}

std::size_t FairShare::room_for(const std::string& name, const User& user) const {
    const std::size_t most = rules_.of(name).slots_max;
    if (most == 0) return std::numeric_limits<std::size_t>::max();
    return most - std::min(most, user.held + user.leaving);
}

std::size_t FairShare::room_for(const std::string& user) const {
    const auto found = users_.find(user);
    return found == users_.end() ? room_for(user, {}) : room_for(user, found->second);
}

FairShare::Rank FairShare::rank(double users_share, const Run& run) {
    const Instant since =
        run.claim.held > 0 ? Instant() : run.empty_since - run.claim.level * ageing_span;
    return {users_share, share_of(run.claim), since, run.claim.number};
}

std::optional<std::string> FairShare::next(const std::set<std::string>& but) const {
    const std::string* poorest = nullptr;
    Rank least;
    for (const auto& [name, user] : users_) {
        if (user.wanting == 0 || room_for(name, user) == 0) continue;
        const double users_share = share(name, user);
        if (poorest != nullptr && std::get<0>(least) < users_share) continue;
        const std::string* best = nullptr;
        Rank bests;
        for (const auto& [id, run] : user.runs) {
            if (run.claim.wanted == 0 || but.contains(id)) continue;
            const Rank its = rank(users_share, run);
            if (best != nullptr && bests <= its) continue;
            best = &id;
            bests = its;
        }
        if (best == nullptr) continue;
        // Shares of runs, and when they got nothing, compare within one user only.
        std::get<1>(bests) = 0;
        if (users_share > 0) std::get<2>(bests) = Instant();
        if (poorest != nullptr && least <= bests) continue;
        poorest = best;
        least = bests;
    }
    return poorest == nullptr ? std::nullopt : std::optional(*poorest);
}

std::vector<std::string> FairShare::wanting() const {
    std::vector<std::pair<Rank, const std::string*>> ranks;
    for (const auto& [name, user] : users_) {
        if (user.wanting == 0) continue;
        const double users_share = share(name, user);
        for (const auto& [id, run] : user.runs) {
            if (run.claim.wanted > 0) ranks.emplace_back(rank(users_share, run), &id);
        }
    }
    std::ranges::sort(ranks);
    std::vector<std::string> wanting;
    for (const auto& [its, id] : ranks) wanting.push_back(*id);
    return wanting;
}

std::vector<std::string> FairShare::givers(Instant now, const std::string& run) const {
    const Run& poor = at(run);
    const std::string& owner = poor.claim.user;
    const User& its_user = users_.at(owner);
    const auto has_waited = [&](Instant since) { return now >= since + patience; };
    const bool is_its_turn = poor.claim.held == 0 && now >= poor.empty_since + turn_span;
    const auto turn_is_over = [&](Instant since) { return now >= since + turn_span; };

    // Who gives up an only one comes last, then who has the largest shares is first.
    std::vector<std::tuple<bool, double, double, std::uint64_t, const std::string*>> ranks;
    for (const auto& [name, user] : users_) {
        const bool is_own = name == owner;
        if (!is_own && room_for(owner, its_user) == 0) continue;
        bool turn = false;
        if (!is_own) {
            if (user.held == 0) continue;
            const double weight = rules_.of(name).weight;
            const double its_weight = rules_.of(owner).weight;
            const double after = static_cast<double>(user.held - 1) / weight;
            const double its_after = static_cast<double>(its_user.held + 1) / its_weight;
            turn = its_user.held == 0 && user.held == 1;
            if (turn && !(is_its_turn && turn_is_over(user.holds_since))) continue;
            const bool nearer = has_waited(its_user.wants_since) && after >= its_after;
            if (its_user.held > 0 && !nearer) continue;
        }
        for (const auto& [id, rich] : user.runs) {
            const Claim& claim = rich.claim;
            if (claim.held == 0 || id == run) continue;
            bool only = turn;
            if (is_own) {
                Claim after = claim;
                Claim its_after = poor.claim;
                --after.held;
                ++its_after.held;
                only = poor.claim.held == 0 && claim.held == 1;
                if (only && !(is_its_turn && turn_is_over(rich.holds_since))) continue;
                const bool nearer = has_waited(poor.wants_since) && claim.held > 1 &&
                                    share_of(after) >= share_of(its_after);
                if (poor.claim.held > 0 && !nearer) continue;
            }
            const double users_share = is_own ? 0 : share(name, user);
            ranks.emplace_back(only, -users_share, -share_of(claim), ~claim.number, &id);
        }
    }
    std::ranges::sort(ranks);
    std::vector<std::string> givers;
    for (const auto& its : ranks) givers.push_back(*std::get<4>(its));
    return givers;
}

Instant FairShare::next_change(Instant now) const {
    Instant next = never;
    bool waits = false;
    const auto add = [&](Instant due) {
        if (due > now) next = std::min(next, due);
    };
    for (const auto& [name, user] : users_) {
        if (user.wanting > 0) add(user.wants_since + patience);
        for (const auto& [id, run] : user.runs) {
            if (run.claim.wanted == 0) continue;
            add(run.wants_since + patience);
            if (run.claim.held > 0) continue;
            waits = true;
            add(run.empty_since + turn_span);
        }
    }
    if (!waits) return next;
    for (const auto& [name, user] : users_) {
        if (user.held == 1) add(user.holds_since + turn_span);
        for (const auto& [id, run] : user.runs) {
            if (run.claim.held == 1) add(run.holds_since + turn_span);
        }
    }
    return next;
}

void FairShare::leave(const std::string& run) {
    User& user = users_.at(user_of_.at(run));
    --user.leaving;
    --user.runs.at(run).claim.leaving;
}

void FairShare::give(Instant now, const std::string& run) {
    Claim claim = at(run).claim;
    ++claim.held;
    --claim.wanted;
    set(now, run, claim);
}

void FairShare::take(Instant now, const std::string& run) {
    Claim claim = at(run).claim;
    --claim.held;
    set(now, run, claim);
}

}  // namespace xgrid::broker
