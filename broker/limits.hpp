// How much one user may ask of a broker, so that nobody keeps it from the others. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "shared/instant.hpp"

namespace xgrid::broker {

/// Of each user, over all of their connections. By default nobody is slowed down who does not mean
/// to be a nuisance.
struct UserLimits {
    std::size_t open_runs = 100;             // more are refused
    std::uint64_t queued_tests = 1'000'000;  // with more in open runs, no run is taken on
    double messages_per_second = 5000;       // over a longer time; what is beyond is not heard
    double messages_at_once = 20'000;
    double bytes_per_second = 1e9;
    double bytes_at_once = 4e9;
    bool operator==(const UserLimits&) const = default;
};

struct LimitRules {
    UserLimits otherwise;                     // of who is not named
    std::map<std::string, UserLimits> users;  // by name

    const UserLimits& of(const std::string& user) const {
        const auto named = users.find(user);
        return named == users.end() ? otherwise : named->second;
    }
    bool operator==(const LimitRules&) const = default;
};

/// What grows with time up to a most, and is taken from.
class Allowance {
public:
    Allowance(double per_second, double most) : per_second_(per_second), most_(most), left_(most) {}

    /// False: there is not so much, and nothing is taken.
    bool take(Instant now, double amount) {
        if (asked_at_ != Instant() && now > asked_at_) {
            const std::chrono::duration<double> passed = now - asked_at_;
            left_ = std::min(most_, left_ + per_second_ * passed.count());
        }
        asked_at_ = now;
        if (left_ < amount) return false;
        left_ -= amount;
        return true;
    }

private:
    double per_second_;
    double most_;
    double left_;
    Instant asked_at_{};
};

/// What one user has used of the limits.
class Usage {
public:
    explicit Usage(const UserLimits& limits)
        : messages_(limits.messages_per_second, limits.messages_at_once),
          bytes_(limits.bytes_per_second, limits.bytes_at_once) {}

    /// A message of that size. False: it is beyond a limit.
    bool take(Instant now, std::size_t bytes) {
        return messages_.take(now, 1) && bytes_.take(now, static_cast<double>(bytes));
    }

private:
    Allowance messages_;
    Allowance bytes_;
};

}  // namespace xgrid::broker
