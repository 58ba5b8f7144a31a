// Whose something is: the first who says so, and nobody else from then on. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "shared/instant.hpp"

namespace xgrid::broker {

class Claims {
public:
    /// When there are more, those are forgotten that were not claimed again for so long.
    static constexpr std::size_t claims_max = 10'000;
    static constexpr Duration silence_max = std::chrono::minutes(10);

    /// False: it is another's.
    bool claim(Instant now, const std::string& thing, const std::string& user) {
        const auto [claim, is_new] = claims_.try_emplace(thing, Claim{user, now});
        if (claim->second.user != user) return false;
        claim->second.heard_at = now;
        return true;
    }
    /// nullptr: nobody's.
    const std::string* owner(const std::string& thing) const {
        const auto found = claims_.find(thing);
        return found == claims_.end() ? nullptr : &found->second.user;
    }
    std::vector<std::string> of(const std::string& user) const {
        std::vector<std::string> things;
        for (const auto& [thing, claim] : claims_) {
            if (claim.user == user) things.push_back(thing);
        }
        return things;
    }
    /// But those that `stay`.
    void forget_old(Instant now, const std::function<bool(const std::string&)>& stay) {
        if (claims_.size() <= claims_max || now < forget_at_) return;
        forget_at_ = now + silence_max / 10;
        std::erase_if(claims_, [&](const auto& entry) {
            return entry.second.heard_at + silence_max < now && !stay(entry.first);
        });
    }

private:
    struct Claim {
        std::string user;
        Instant heard_at;
    };
    std::map<std::string, Claim> claims_;
    Instant forget_at_{};
};

}  // namespace xgrid::broker
