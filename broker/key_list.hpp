// Whose keys a broker lets in, and as whom, as the text of a file: a line for each,
//
//   xgp1_... NAME ROLE[,ROLE]... [until=TIME] [session=WORKER]
//
// A user may have several keys. One with `until` is in a token: the first worker that shows it by
// then has it for itself from then on, and is named by `session`. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/rights.hpp"
#include "shared/result.hpp"
#include "shared/token.hpp"

namespace xgrid::broker {

struct KnownKey {
    std::string key;  // the public one, as a word
    std::string user;
    Roles roles;
    std::optional<std::int64_t> until;  // seconds since 1970
    std::string session;                // that has used the token; empty: none yet

    bool is_expired(std::int64_t time) const { return until && session.empty() && time > *until; }

    friend bool operator==(const KnownKey&, const KnownKey&) = default;
};

/// Letters, digits, and any of . _ @ + - within: 1 to 64.
bool is_user_name(std::string_view text);

class KeyList {
public:
    /// Error: the first line that is wrong.
    static Result<KeyList> parse(std::string_view text);
    std::string text() const;

    /// nullptr: unknown.
    const KnownKey* find(const std::string& key) const;
    /// In place of what that key was before.
    void allow(const KnownKey& key);
    /// All keys of that user, or that key: those that went.
    std::vector<KnownKey> revoke(const std::string& user_or_key);
    /// Those whose time is over, and that nobody has used.
    void drop_expired(std::int64_t time);

    const std::map<std::string, KnownKey>& all() const { return keys_; }

    friend bool operator==(const KeyList&, const KeyList&) = default;

private:
    std::map<std::string, KnownKey> keys_;
};

/// As in ISO 8601, of UTC: 2026-11-26T17:00:00Z.
std::string text_of_time(std::int64_t seconds);

}  // namespace xgrid::broker
