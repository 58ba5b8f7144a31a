#include "broker/keys_command.hpp"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "broker/audit.hpp"
#include "broker/key_list.hpp"
#include "broker/key_store.hpp"
#include "shared/credentials.hpp"
#include "shared/curve.hpp"
#include "shared/ensure.hpp"
#include "shared/key_file.hpp"
#include "shared/key_words.hpp"

namespace xgrid::broker {
namespace {

std::int64_t time_now() {
    return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

template <class T>
T right(Result<T> result) {
    if (!result) throw Fatal(result.error(), 4);
    return *std::move(result);
}

// What another user has made there the broker would not read.
void require_own(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    struct stat facts {};
    if (error || ::stat(folder.c_str(), &facts) != 0) {
        throw Fatal(fmt::format("cannot use {} for the broker's keys: {}", folder.string(),
                                error ? error.message() : "there is no such folder"),
                    4);
    }
    if (facts.st_uid != ::geteuid()) {
        throw Fatal(
            fmt::format("{} belongs to another user: run this as that one", folder.string()), 4);
    }
}

// Who runs the broker's commands is whoever has its account.
void log(const KeysOptions& options, const std::string& action, const KnownKey& key) {
    const std::string why =
        Audit(options.data / "audit.log")
            .add(time_now(), {{.action = action,
                               .user = key.user,
                               .key = fingerprint(right(public_key_from(key.key))),
                               .about = "role=" + text_of(key.roles)}});
    if (!why.empty()) fmt::print(stderr, "xgrid keys: {}\n", why);
}

int make(const KeysOptions& options) {
    const std::string whose = options.name.empty() ? "" : " (" + options.name + ")";
    const std::optional<CurveKey> secret = right(make_key_file(
        options.file,
        "A key of xgrid" + whose + ". Whoever has the secret one can act for its owner."));
    if (!secret) {
        throw Fatal(fmt::format("there is a key in {} already: {}", options.file.string(),
                                text_of_public(public_key_of(options.file, "FILE"))),
                    4);
    }
    const std::string key = text_of_public(public_of(*secret));
    fmt::print("{}\n", key);
    fmt::print(stderr,
               "xgrid keys: made {}\n(where the broker runs: xgrid keys allow {} --name {} --role "
               "submit)\n",
               options.file.string(), key, options.name.empty() ? "NAME" : options.name);
    return 0;
}

int allow(const KeysOptions& options) {
    require_own(options.data);
    const KnownKey key{.key = text_of_public(public_key_of(options.about, "xgrid keys allow")),
                       .user = options.name,
                       .roles = options.roles};
    right(KeyStore(options.data).change([&](KeyList& keys) {
        keys.drop_expired(time_now());
        keys.allow(key);
    }));
    log(options, "allowed", key);
    fmt::print("{} may use the broker: {}\n", key.user, text_of(key.roles));
    return 0;
}

int revoke(const KeysOptions& options) {
    require_own(options.data);
    // Also a file's, as with allow.
    std::string whose = options.about;
    if (whose.starts_with("xgs1_") || whose.find('/') != std::string::npos) {
        whose = text_of_public(public_key_of(whose, "xgrid keys revoke"));
    }
    std::vector<KnownKey> gone;
    KeyStore store(options.data);
    right(store.change([&](KeyList& keys) { gone = keys.revoke(whose); }));
    if (gone.empty()) {
        throw Fatal(
            fmt::format("no key of {} is known in {}", options.about, store.list_file().string()),
            4);
    }
    for (const KnownKey& key : gone) {
        log(options, "revoked", key);
        fmt::print("{} {} may not use the broker any more\n", key.user, key.key);
    }
    return 0;
}

std::string state_of(const KnownKey& key) {
    if (!key.until) return "";
    if (!key.session.empty()) return "used";
    return key.is_expired(time_now()) ? "expired" : "until " + text_of_time(*key.until);
}

int list(const KeysOptions& options) {
    const KeyList keys = right(KeyStore(options.data).read());
    for (const auto& [word, key] : keys.all()) {
        if (options.json) {
            nlohmann::ordered_json line = {{"key", word}, {"name", key.user}};
            line["roles"] = nlohmann::json::array();
            for (const Role role : key.roles) line["roles"].push_back(text_of({role}));
            if (key.until) {
                line["until"] = text_of_time(*key.until);
                line["used"] = !key.session.empty();
            }
            fmt::print("{}\n", line.dump());
        } else {
            const std::string state = state_of(key);
            fmt::print("{} {:<16} {}{}\n", word, key.user, text_of(key.roles),
                       state.empty() ? "" : " token, " + state);
        }
    }
    return 0;
}

int make_token(const KeysOptions& options) {
    require_own(options.data);
    KeyStore store(options.data);
    const CurveKey broker = right(store.secret());
    const CurveKey secret = fresh_secret();
    const CurveKey key = public_of(secret);
    const KnownKey known{.key = text_of_public(key),
                         .user = options.name.empty() ? "token-" + fingerprint(key) : options.name,
                         .roles = options.roles,
                         .until = time_now() + options.expires.count()};
    right(store.change([&](KeyList& keys) {
        keys.drop_expired(time_now());
        keys.allow(known);
    }));
    log(options, "token", known);
    fmt::print("{}\n", text_of(Token{public_of(broker), secret}));
    fmt::print(stderr,
               "xgrid keys: for one worker, that is there by {}: XGRID_TOKEN=TOKEN xgrid worker "
               "--broker ENDPOINT\n",
               text_of_time(*known.until));
    return 0;
}

}  // namespace

int run_keys(const KeysOptions& options) {
    switch (options.action) {
        case KeysAction::make: return make(options);
        case KeysAction::allow: return allow(options);
        case KeysAction::revoke: return revoke(options);
        case KeysAction::list: return list(options);
        case KeysAction::token: return make_token(options);
    }
    return 4;
}

}  // namespace xgrid::broker
