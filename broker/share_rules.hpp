// Which share of a broker's slots each user is to have: what an administrator has said. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace xgrid::broker {

struct UserShare {
    double weight = 1;            // more than 0; twice as much is twice as many slots
    std::uint32_t slots_max = 0;  // at once; 0: no limit
    bool operator==(const UserShare&) const = default;
};

struct ShareRules {
    UserShare otherwise;                     // who is not named
    std::map<std::string, UserShare> users;  // by name

    const UserShare& of(const std::string& user) const {
        const auto named = users.find(user);
        return named == users.end() ? otherwise : named->second;
    }
    bool operator==(const ShareRules&) const = default;
};

}  // namespace xgrid::broker
