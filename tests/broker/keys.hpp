// Keys that are always the same, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "broker/key_list.hpp"
#include "shared/key_words.hpp"
#include "shared/token.hpp"

namespace xgrid::broker {

inline std::string key_word(std::uint8_t number) {
    CurveKey key{};
    key.fill(number);
    return text_of_public(key);
}

inline KnownKey known_key(std::uint8_t number, std::string user, Roles roles) {
    return {.key = key_word(number), .user = std::move(user), .roles = std::move(roles)};
}

}  // namespace xgrid::broker
