// Who gets the next slot, and who gives one up for it: slots are shared between users, and what a
// user has between the user's runs. Pure; knows nothing of workers and labels.
//
//   A user's share is the slots held divided by the user's weight; a run's the same with the weight
//   2^level, where the level is its priority, higher if somebody waits for it. The next slot goes
//   to the user with the smallest share, and there to the run with the smallest (max-min fairness:
//   Bertsekas and Gallager, "Data Networks", 6.5.2). Of those that hold nothing the one that has
//   waited longest is first, a level counting as a minute, so that what waits grows more urgent.
//
//   A slot changes hands before its run is over if the two are then no further apart the other way
//   round; for who holds nothing at once, if the other one holds two, and after a turn, if the
//   other one holds one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "broker/share_rules.hpp"
#include "shared/instant.hpp"

namespace xgrid::broker {

/// Who waits for a first slot waits so long for one that is somebody's only one, and that is kept
/// so long at least.
constexpr Duration turn_span = std::chrono::seconds(10);
/// Who has a slot waits so long for a further one to become free before others give theirs up.
constexpr Duration patience = std::chrono::milliseconds(200);
/// That long a wait for a first slot counts as one level.
constexpr Duration ageing_span = std::chrono::minutes(1);

/// What a run has of the slots, and wants.
struct Claim {
    std::string user;
    std::uint64_t number = 0;  // of the run: later ones have higher ones
    std::int32_t level = 0;
    std::size_t held = 0;     // slots that it is to keep
    std::size_t leaving = 0;  // slots that it is about to give up
    std::size_t wanted = 0;   // more slots
    bool operator==(const Claim&) const = default;
};

/// The level of a run of that priority, which counts from -100 to 100.
std::int32_t level_of(std::int32_t priority, bool interactive);

class FairShare {
public:
    explicit FairShare(ShareRules rules) : rules_(std::move(rules)) {}
    void set_rules(ShareRules rules) { rules_ = std::move(rules); }

    void set(Instant now, const std::string& run, const Claim& claim);
    void forget(const std::string& run);

    /// Some run wants more than it has, and there are others.
    bool is_contended() const { return wanting_ > 0 && user_of_.size() > 1; }
    /// The run that the next slot is for, of those that are not named; none: nobody may have one.
    std::optional<std::string> next(const std::set<std::string>& but = {}) const;
    /// All runs that want more, those that have least first. Also of users who may have no more:
    /// another run of theirs may give one up.
    std::vector<std::string> wanting() const;
    /// How many more slots that user may have.
    std::size_t room_for(const std::string& user) const;

    /// Runs that are to give up a slot for that one, the first choice first.
    std::vector<std::string> givers(Instant now, const std::string& run) const;
    /// When there may be more givers, if nothing else happens.
    Instant next_change(Instant now) const;

    // ---- What will be: for plans

    /// One of its slots that are leaving has left.
    void leave(const std::string& run);
    void give(Instant now, const std::string& run);
    void take(Instant now, const std::string& run);

private:
    struct Run {
        Claim claim;
        Instant wants_since;
        Instant empty_since;  // it has wanted slots and held none
        Instant holds_since;
    };
    struct User {
        std::map<std::string, Run> runs;
        std::size_t held = 0;
        std::size_t leaving = 0;
        std::size_t wanting = 0;  // runs
        Instant wants_since;      // one of them has wanted more
        Instant holds_since;
    };

    // The user's share, the run's, since when it has waited for a first slot, its age.
    using Rank = std::tuple<double, double, Instant, std::uint64_t>;

    static Rank rank(double users_share, const Run& run);
    double share(const std::string& name, const User& user) const;
    std::size_t room_for(const std::string& name, const User& user) const;
    const Run& at(const std::string& run) const;

    ShareRules rules_;
    std::map<std::string, User> users_;           // who have a run here
    std::map<std::string, std::string> user_of_;  // of each run
    std::size_t wanting_ = 0;                     // runs
};

}  // namespace xgrid::broker
