#include "client/tokens.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "client/words.hpp"
#include "shared/secret_file.hpp"

namespace xgrid::client {
namespace {

bool alike(const std::string& one, const std::string& other) {
    return std::ranges::equal(one, other, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    });
}

Result<std::optional<Token>> read(const std::string& text, const std::string& whence) {
    Result<Token> token = token_from(trimmed(text));
    if (!token) return Error{fmt::format("the token {} {}", whence, token.error())};
    return std::optional(*token);
}

}  // namespace

Result<std::string> token_in(std::string_view text, const Address& address) {
    std::string found;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line = trimmed(line.substr(0, line.find('#')));
        if (line.empty()) continue;
        const std::size_t blank = line.find_first_of(" \t");
        Result<Address> whose = address_from(line.substr(0, blank), {"", socket_port});
        if (blank == std::string_view::npos || !whose) {
            return Error{fmt::format("line {} is no HOST:PORT TOKEN", number)};
        }
        if (found.empty() && whose->port == address.port && alike(whose->host, address.host)) {
            found = trimmed(line.substr(blank));
        }
    }
    return found;
}

Result<std::optional<Token>> find_token(const GivenTokens& given, const Address& address) {
    if (!given.option.empty()) return read(given.option, "of --token");
    if (!given.variable.empty()) return read(given.variable, "in XGRID_TOKEN");
    if (given.file.empty()) return std::optional<Token>();
    Result<std::optional<std::string>> text = read_secret(given.file);
    if (!text) return Error{text.error()};
    if (!*text) return std::optional<Token>();
    Result<std::string> word = token_in(**text, address);
    if (!word) return Error{fmt::format("{}: {}", given.file.string(), word.error())};
    if (word->empty()) return std::optional<Token>();
    return read(*word, fmt::format("for {} in {}", text_of(address), given.file.string()));
}

}  // namespace xgrid::client
