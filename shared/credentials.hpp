// Who a client or a worker is to a broker, and which broker it trusts: from options, the
// environment and files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "shared/token.hpp"

namespace xgrid {

struct GivenCredentials {
    std::string broker_key;     // a public key, a file with one, or "none"; empty: not given
    std::filesystem::path key;  // with the secret one; empty: the user's own, users_key_file()
    std::string token;          // holds both
};

/// ~/.config/xgrid/key, or what comes to the same; empty: there is no such folder.
std::filesystem::path users_key_file();

/// A public key, or that of a file. Throws Fatal (exit code 4), which calls it `option`.
CurveKey public_key_of(const std::string& word_or_file, const std::string& option);

/// None: the broker is to be spoken to without keys, which is so on this machine unless they are
/// given, and elsewhere only for a broker key "none". Throws Fatal (exit code 4) that says what is
/// missing.
std::optional<Token> credentials_for(const std::string& endpoint, const GivenCredentials& given);

}  // namespace xgrid
