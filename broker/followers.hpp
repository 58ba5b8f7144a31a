// Who copies a run's events, and how far each of them is, over connections that may lose and
// repeat.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "shared/instant.hpp"

namespace xgrid::broker {

class Followers {
public:
    struct Follower {
        Instant heard_at;
        std::uint64_t has = 0;   // events, as it last said
        std::uint64_t sent = 0;  // events
    };

    /// It lives.
    Follower& hear(Instant now, const std::string& peer) {
        Follower& follower = all_[peer];
        follower.heard_at = now;
        return follower;
    }
    /// ... and has so many of the events, of which there are `size` and those before `first` are
    /// gone. Said twice without any progress, what was sent in between is lost.
    void hear(Instant now, const std::string& peer, std::uint64_t has, std::uint64_t first,
              std::uint64_t size) {
        const bool is_new = !all_.contains(peer);
        Follower& follower = hear(now, peer);
        has = std::clamp(has, first, size);
        if (is_new || has == follower.has || has > follower.sent) follower.sent = has;
        follower.has = std::max(follower.has, has);
    }
    void forget_all_but(const std::string& peer) {
        std::erase_if(all_, [&](const auto& entry) { return entry.first != peer; });
    }
    void forget_silent(Instant since) {
        std::erase_if(all_, [&](const auto& entry) { return entry.second.heard_at <= since; });
    }

    std::map<std::string, Follower>& all() { return all_; }
    bool empty() const { return all_.empty(); }
    /// When the first of them will have been silent for so long.
    Instant silent_at(Duration lease) const {
        Instant first = never;
        for (const auto& [peer, follower] : all_)
            first = std::min(first, follower.heard_at + lease);
        return first;
    }
    /// All of them have so many events.
    bool have(std::uint64_t size) const {
        return std::ranges::all_of(all_, [&](const auto& one) { return one.second.has >= size; });
    }
    /// The fewest that one of them has.
    std::uint64_t fewest() const {
        std::uint64_t fewest = UINT64_MAX;
        for (const auto& [peer, follower] : all_) fewest = std::min(fewest, follower.has);
        return fewest;
    }

private:
    std::map<std::string, Follower> all_;
};

}  // namespace xgrid::broker
