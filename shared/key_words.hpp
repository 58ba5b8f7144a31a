// Single keys as words, beside the tokens that hold two (token.hpp). Pure.
//
//   xgp1_ (public) or xgs1_ (secret) + base64url(key, 4 bytes of its digest)
#pragma once

#include <string>
#include <string_view>

#include "shared/token.hpp"

namespace xgrid {

std::string text_of_public(const CurveKey& key);
std::string text_of_secret(const CurveKey& key);

/// Error: what is wrong with it, without a letter of it.
Result<CurveKey> public_key_from(std::string_view text);
Result<CurveKey> secret_key_from(std::string_view text);

/// Tells public keys apart where whole ones would be too long: their first letters.
std::string fingerprint(const CurveKey& key);

/// The first line that begins with the mark; empty: there is none.
std::string_view word_in(std::string_view text, std::string_view mark);

}  // namespace xgrid
