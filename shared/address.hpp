// HOST:PORT as people write it. Pure; knows no names of hosts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/result.hpp"

namespace xgrid {

struct Address {
    std::string host;  // an IPv6 address without its brackets
    std::uint16_t port = 0;

    friend bool operator==(const Address&, const Address&) = default;
};

/// An IPv6 address in brackets.
std::string text_of(const Address& address);

/// HOST:PORT, HOST, PORT or :PORT; what is missing is taken from `otherwise`. Error: what is wrong
/// with it.
Result<Address> address_from(std::string_view text, const Address& otherwise);

/// An address, in numbers, that only this machine can reach.
bool is_loopback(std::string_view host);

}  // namespace xgrid
