#include "broker/guard.hpp"

#include <algorithm>
#include <set>
#include <variant>

#include <fmt/format.h>

#include "shared/key_words.hpp"

namespace xgrid::broker {
namespace {

constexpr std::size_t told_max = 16;     // refusals that are remembered of a peer
constexpr std::size_t seldom_max = 100;  // things likewise; of more, kinds are
constexpr std::size_t session_bytes_max = 64;

std::string short_of(const std::string& key) {
    Result<CurveKey> known = public_key_from(key);
    return known ? fingerprint(*known) : "";
}

bool is_plain_word(const std::string& text) {
    return !text.empty() && text.size() <= session_bytes_max &&
           std::ranges::all_of(text, [](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                      (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
           });
}

}  // namespace

// ---- Connections

bool Guard::lets_in(const Now& now, const From& from, Door door) {
    const KnownKey* known = keys_.find(from.key);
    // Who has a token for one worker hears nothing of the others.
    const bool may =
        known != nullptr && !known->is_expired(now.time) &&
        (door == Door::messages || (!known->until && xgrid::broker::may_listen(known->roles)));
    if (!may) {
        note_seldom(now, "denied " + from.address, "denied", from);
    } else if (door == Door::messages) {
        note("connected", from);
    }
    return may;
}

bool Guard::greets(const Now& now, const From& from) {
    if (keys_.find(from.key) == nullptr) return false;
    remember(now, from);
    return true;
}

Guard::Peer& Guard::remember(const Now& now, const From& from) {
    if (peers_.size() >= peers_max && !peers_.contains(from.peer)) {
        std::erase_if(peers_, [&](const auto& entry) {
            return entry.second.heard_at + silence_max < now.instant;
        });
    }
    Peer& peer = peers_[from.peer];
    // Another may get the name of one that is gone.
    if (peer.from.key != from.key) peer = Peer{.from = from};
    peer.from.address = from.address;
    peer.heard_at = now.instant;
    return peer;
}

std::string Guard::user_of(const std::string& peer) const {
    const auto found = peers_.find(peer);
    const KnownKey* known = found == peers_.end() ? nullptr : keys_.find(found->second.from.key);
    return known == nullptr ? "" : known->user;
}

bool Guard::may_listen(const std::string& peer) const {
    const auto found = peers_.find(peer);
    const KnownKey* known = found == peers_.end() ? nullptr : keys_.find(found->second.from.key);
    return known != nullptr && !known->until && xgrid::broker::may_listen(known->roles);
}

// ---- Messages

Guard::Verdict Guard::hear(const Now& now, const From& from, std::size_t bytes, Message& message,
                           const std::function<bool(const std::string&)>& is_open) {
    const KnownKey* known = keys_.find(from.key);
    // It was told when its key went.
    if (known == nullptr) {
        note_seldom(now, "unheard " + from.key, "unheard", from);
        return {};
    }
    Peer& peer = remember(now, from);
    const auto usage = usage_.try_emplace(known->user, limits_.of(known->user)).first;
    if (!usage->second.take(now.instant, bytes)) {
        note_seldom(now, "limited " + known->user, "limited", from);
        return {};
    }
    const std::string roles = roles_that_say(message);
    if (!roles.empty() && !may_say(known->roles, message)) {
        note_seldom(now, "not-allowed " + from.key, "not-allowed", from);
        return refuse(now, peer,
                      fmt::format("the key of {} has the role {}, and this needs {}", known->user,
                                  text_of(known->roles), roles));
    }
    if (!known->until) return hear_known(now, peer, *known, message, is_open);
    const Verdict token = hear_token(now, peer, *known, message);
    if (!token.passes) return token;
    Verdict verdict = hear_known(now, peer, *known, message, is_open);
    verdict.token_used = token.token_used;
    return verdict;
}

Guard::Verdict Guard::hear_known(const Now& now, Peer& peer, const KnownKey& known,
                                 Message& message,
                                 const std::function<bool(const std::string&)>& is_open) {
    const auto is_own = [&](const std::string& run) {
        return known.roles.contains(Role::admin) || runs_.claim(now.instant, run, known.user);
    };
    if (auto* submit = std::get_if<Submit>(&message)) {
        return hear_submit(now, peer, known, *submit, is_open);
    }
    if (const auto* cancel = std::get_if<Cancel>(&message)) {
        return hear_cancel(now, peer, known, *cancel, is_open);
    }
    if (const auto* status = std::get_if<Status>(&message)) {
        sessions_.forget_old(now.instant, [](const std::string&) { return false; });
        if (sessions_.claim(now.instant, status->session, known.user)) return {.passes = true};
        return refuse(now, peer, "another user's worker has that session");
    }
    if (auto* follow = std::get_if<Follow>(&message)) {
        const std::string* owner = runs_.owner(follow->run);
        // Others look on.
        if (owner != nullptr && *owner != known.user) follow->lacking.clear();
        if (owner != nullptr && *owner == known.user) {
            runs_.claim(now.instant, follow->run, known.user);
        }
    }
    if (const auto* offer = std::get_if<Offer>(&message)) {
        if (!is_own(offer->run)) return refuse(now, peer, "that run is another user's");
    }
    if (const auto* content = std::get_if<Content>(&message)) {
        if (!is_own(content->run)) return refuse(now, peer, "that run is another user's");
    }
    return {.passes = true};
}

// Of a token's worker nothing else counts before its first status, which says which one it is.
Guard::Verdict Guard::hear_token(const Now& now, Peer& peer, const KnownKey& known,
                                 const Message& message) {
    const auto* status = std::get_if<Status>(&message);
    if (status == nullptr) return {.passes = !known.session.empty()};
    if (!is_plain_word(status->session)) return refuse(now, peer, "a worker's session is a word");
    if (known.session == status->session) return {.passes = true};
    if (!known.session.empty()) {
        note_seldom(now, "used " + known.key, "token-used-again", peer.from);
        return refuse(now, peer,
                      "this token has been used by another worker: each worker needs its own "
                      "(xgrid keys token)");
    }
    if (known.is_expired(now.time)) return refuse(now, peer, "this token has expired");
    KnownKey used = known;
    used.session = status->session;
    keys_.allow(used);
    note("token-used", peer.from, "session=" + status->session);
    return {.passes = true, .token_used = true};
}

Guard::Verdict Guard::hear_submit(const Now& now, Peer& peer, const KnownKey& known, Submit& submit,
                                  const std::function<bool(const std::string&)>& is_open) {
    runs_.forget_old(now.instant, is_open);
    const std::string* owner = runs_.owner(submit.run);
    if (owner == nullptr ? is_open(submit.run) : *owner != known.user) {
        return refuse(now, peer, "that run is another user's");
    }
    if (!is_open(submit.run)) {
        std::string why = beyond_limits(now, known.user, is_open);
        if (!why.empty()) {
            note_seldom(now, "runs " + known.user, "limited", peer.from);
            return refuse(now, peer, std::move(why));
        }
        note("submit", peer.from, fmt::format("run={} {}", submit.run, submit.order.title));
    }
    runs_.claim(now.instant, submit.run, known.user);
    submit.order.user = known.user;
    return {.passes = true};
}

// Why that user cannot submit a run now; empty: nothing is against it.
std::string Guard::beyond_limits(const Now& now, const std::string& user,
                                 const std::function<bool(const std::string&)>& is_open) {
    const UserLimits& limits = limits_.of(user);
    std::vector<std::string> runs = runs_.of(user);
    std::erase_if(runs, [&](const std::string& run) { return !is_open(run); });
    if (runs.size() >= limits.open_runs) {
        return fmt::format("{} has {} runs that are not over, and may have no more", user,
                           runs.size());
    }
    if (!open_tests_) return "";
    // Who is refused may ask again at once, and to count is work.
    Counted& counted = counted_[user];
    if (counted.runs != runs || now.instant >= counted.at + count_interval) {
        counted = {.at = now.instant, .runs = std::move(runs)};
        for (const std::string& run : counted.runs) counted.tests += open_tests_(run);
    }
    if (counted.tests <= limits.queued_tests) return "";
    return fmt::format(
        "{} has {} tests that are not over, and with more than {} may submit no other run", user,
        counted.tests, limits.queued_tests);
}

Guard::Verdict Guard::hear_cancel(const Now& now, Peer& peer, const KnownKey& known,
                                  const Cancel& cancel,
                                  const std::function<bool(const std::string&)>& is_open) {
    const std::string* owner = runs_.owner(cancel.run);
    if (owner == nullptr && !is_open(cancel.run)) return {.passes = true};  // nothing comes of it
    const bool own = owner != nullptr && *owner == known.user;
    if (!own && !known.roles.contains(Role::admin)) {
        return refuse(now, peer,
                      fmt::format("that run is {}: only its user and an admin may cancel it",
                                  owner == nullptr ? "not yours" : *owner + "'s"));
    }
    note_seldom(now, "cancel " + cancel.run, "cancel run=" + cancel.run, peer.from);
    return {.passes = true};
}

Guard::Verdict Guard::refuse(const Now& now, Peer& peer, std::string why) {
    const auto told = peer.told.find(why);
    if (told != peer.told.end() && now.instant < told->second + pause) return {};
    if (peer.told.size() >= told_max) peer.told.clear();
    peer.told[why] = now.instant;
    return {.refusal = std::move(why)};
}

// ---- The list

Guard::Cut Guard::replace(KeyList keys) {
    Cut cut;
    std::set<std::string> users;
    for (const auto& [word, key] : keys.all()) users.insert(key.user);
    for (const auto& [word, key] : keys_.all()) {
        if (keys.find(word) != nullptr) continue;
        note("cut-off", From{.key = word});
        cut.listener = cut.listener || xgrid::broker::may_listen(key.roles);
        if (users.contains(key.user)) continue;
        for (std::string& run : runs_.of(key.user)) cut.runs.push_back(std::move(run));
    }
    for (auto peer = peers_.begin(); peer != peers_.end();) {
        if (keys.find(peer->second.from.key) != nullptr) {
            ++peer;
            continue;
        }
        cut.peers.emplace_back(peer->first, "your key was revoked");
        peer = peers_.erase(peer);
    }
    keys_ = std::move(keys);
    return cut;
}

// ---- The log

void Guard::note(std::string action, const From& from, std::string about) {
    const KnownKey* known = keys_.find(from.key);
    occurrences_.push_back({.action = std::move(action),
                            .user = known == nullptr ? "" : known->user,
                            .key = short_of(from.key),
                            .address = from.address,
                            .about = std::move(about)});
}

void Guard::note_seldom(const Now& now, const std::string& about, const std::string& action,
                        const From& from) {
    const bool many = seldom_.size() >= seldom_max && !seldom_.contains(about);
    if (many) {
        std::erase_if(seldom_,
                      [&](const auto& one) { return one.second.first + pause < now.instant; });
    }
    const bool full = many && seldom_.size() >= seldom_max;
    auto [entry, is_new] = seldom_.try_emplace(full ? action : about, now.instant, 0);
    auto& [noted_at, left_out] = entry->second;
    if (!is_new && now.instant < noted_at + pause) {
        ++left_out;
        return;
    }
    note(action, from, left_out == 0 ? "" : fmt::format("and {} times before", left_out));
    noted_at = now.instant;
    left_out = 0;
}

}  // namespace xgrid::broker
