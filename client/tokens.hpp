// Which token goes to which worker that listens: from the command line, the environment, or the
// user's file. No error shows a letter of a token.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "client/environments.hpp"
#include "shared/address.hpp"
#include "shared/result.hpp"
#include "shared/token.hpp"

namespace xgrid::client {

struct GivenTokens {
    std::string option;          // of --token
    std::string variable;        // XGRID_TOKEN
    std::filesystem::path file;  // with lines HOST:PORT TOKEN; empty: none
};

/// The file's word for that address; empty: none. Blank lines and what follows a '#' are left out.
/// Error: the first line that is none.
Result<std::string> token_in(std::string_view text, const Address& address);

/// None: there is no token for it.
Result<std::optional<Token>> find_token(const GivenTokens& given, const Address& address);

}  // namespace xgrid::client
