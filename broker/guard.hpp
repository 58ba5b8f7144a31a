// Who may connect to a broker, say what, and hear from it. Owns the list of keys as the broker goes
// by it, who is connected with which, whose runs are whose, and what each user has used of the
// limits. Pure: knows neither files nor sockets, and not what messages mean beyond whose they are.
//
// A peer's key comes with each of its messages, so that one that is taken from the list counts at
// once, whatever connections there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/claims.hpp"
#include "broker/key_list.hpp"
#include "broker/limits.hpp"
#include "broker/occurrence.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

class Guard {
public:
    /// The tests of a user are counted again after so long, or in other runs.
    static constexpr Duration count_interval = std::chrono::milliseconds(200);
    /// A refusal is not said to a peer again for so long, nor the same thing noted of a user or an
    /// address.
    static constexpr Duration pause = std::chrono::seconds(10);
    /// Of more peers, those are forgotten that were silent for so long; they are heard, and hear,
    /// once they speak again.
    static constexpr std::size_t peers_max = 10'000;
    static constexpr Duration silence_max = std::chrono::minutes(5);

    /// Both clocks.
    struct Now {
        Instant instant;
        std::int64_t time = 0;  // in seconds since 1970
    };
    struct From {
        std::string peer;
        std::string key;      // a word
        std::string address;  // may be empty
    };

    /// `open_tests` tells how many tests of an open run have no verdict.
    using CountTests = std::function<std::uint64_t(const std::string& run)>;
    explicit Guard(KeyList keys, LimitRules limits = {}, CountTests open_tests = {})
        : keys_(std::move(keys)), limits_(std::move(limits)), open_tests_(std::move(open_tests)) {}

    enum class Door : std::uint8_t { messages, publications };
    /// Of a new connection, which is nobody's yet. `from.peer` does not count.
    bool lets_in(const Now& now, const From& from, Door door);
    /// A connection by which something is heard for the first time.
    bool greets(const Now& now, const From& from);

    struct Verdict {
        bool passes = false;
        std::string refusal;      // not empty: to be told
        bool token_used = false;  // the list has changed
    };
    /// A message of so many bytes. What a client may only claim is set as it is known; runs that
    /// `is_open` says nothing of are over.
    Verdict hear(const Now& now, const From& from, std::size_t bytes, Message& message,
                 const std::function<bool(const std::string& run)>& is_open);

    /// The run is that user's, as the broker knows from before.
    void own(const Now& now, const std::string& run, const std::string& user) {
        runs_.claim(now.instant, run, user);
    }
    /// What it says of itself was heard, and its key is still in the list.
    bool may_hear(const std::string& peer) const { return peers_.contains(peer); }
    /// Empty: nobody.
    std::string user_of(const std::string& peer) const;
    bool may_listen(const std::string& peer) const;

    struct Cut {
        std::vector<std::pair<std::string, std::string>> peers;  // and what they are told
        std::vector<std::string> runs;                           // whose users are gone
        bool listener = false;                                   // one may hear publications
    };
    /// From now on. Says who is cut off.
    Cut replace(KeyList keys);
    const KeyList& keys() const { return keys_; }
    /// From now on; what users have used of the others is forgotten.
    void limit(LimitRules limits) {
        limits_ = std::move(limits);
        usage_.clear();
    }

    /// What has come up since the last time.
    std::vector<Occurrence> occurrences() { return std::exchange(occurrences_, {}); }

private:
    struct Peer {
        From from;
        Instant heard_at;
        std::map<std::string, Instant> told;  // refusals
    };

    // The open tests of a user.
    struct Counted {
        Instant at;
        std::vector<std::string> runs;
        std::uint64_t tests = 0;
    };

    Peer& remember(const Now& now, const From& from);
    Verdict refuse(const Now& now, Peer& peer, std::string why);
    Verdict hear_known(const Now& now, Peer& peer, const KnownKey& known, Message& message,
                       const std::function<bool(const std::string&)>& is_open);
    Verdict hear_token(const Now& now, Peer& peer, const KnownKey& known, const Message& message);
    Verdict hear_submit(const Now& now, Peer& peer, const KnownKey& known, Submit& submit,
                        const std::function<bool(const std::string&)>& is_open);
    Verdict hear_cancel(const Now& now, Peer& peer, const KnownKey& known, const Cancel& cancel,
                        const std::function<bool(const std::string&)>& is_open);
    std::string beyond_limits(const Now& now, const std::string& user,
                              const std::function<bool(const std::string&)>& is_open);
    void note(std::string action, const From& from, std::string about = "");
    void note_seldom(const Now& now, const std::string& about, const std::string& action,
                     const From& from);

    KeyList keys_;
    LimitRules limits_;
    CountTests open_tests_;
    std::map<std::string, Counted> counted_;  // by user
    std::map<std::string, Peer> peers_;
    std::map<std::string, Usage> usage_;  // by user
    Claims runs_;
    Claims sessions_;                                        // of workers
    std::map<std::string, std::pair<Instant, int>> seldom_;  // noted last, and left out since
    std::vector<Occurrence> occurrences_;
};

}  // namespace xgrid::broker
