// Whether anybody listens at an address, and what he says first: so that what is wrong with it can
// be told at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "shared/address.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

struct Knocked {
    std::string endpoint;   // for a dealer, with the address in numbers
    bool loopback = false;  // only this machine can be there, without a way
    bool keys = false;      // he wants keys, else none
};

/// Takes a few seconds at most, besides what finding the host's name may take; less when `end` is
/// readable. Error: why there is no worker, without the address.
Result<Knocked> knock(const Address& address, int end);

/// Likewise, through a socket of this machine that leads there.
Result<Knocked> knock(const std::filesystem::path& way, int end);

}  // namespace xgrid::client
