// The keys of a worker that listens, and the token by which its clients prove that they may dial
// it. Pure: knows no file, and not where random bits come from.
//
// A token is one word of printable letters without meaning to a shell:
//
//   xgt1_ + base64url(public key of the worker, secret key of its clients, 4 bytes of their digest)
//
// so that a client needs nothing else: it knows whom it talks to, and is known there. The worker's
// own word, which it keeps in a file, begins with xgk1_ and holds both secret keys.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/result.hpp"

namespace xgrid {

/// Of Curve25519.
using CurveKey = std::array<std::uint8_t, 32>;

struct Token {
    CurveKey worker_public{};
    CurveKey client_secret{};

    friend bool operator==(const Token&, const Token&) = default;
};

struct WorkerKeys {
    CurveKey worker_secret{};
    CurveKey client_secret{};

    friend bool operator==(const WorkerKeys&, const WorkerKeys&) = default;
};

std::string text_of(const Token& token);
std::string text_of(const WorkerKeys& keys);

/// Error: what is wrong with it, without a letter of it.
Result<Token> token_from(std::string_view text);
Result<WorkerKeys> keys_from(std::string_view text);

}  // namespace xgrid
