// Who copies a run's events, and how far each of them is, over connections that may lose and
// repeat.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "shared/codec.hpp"
#include "shared/instant.hpp"

namespace xgrid::broker {

class Followers {
public:
    /// Of more bytes nobody is told before saying what has arrived. So one who never reads costs
    /// no more than this; clients say it in time (client.hpp).
    static constexpr std::size_t window_bytes = 4 * batch_bytes;
    /// What seems lost is not sent again before, and then after twice as long each time: it may be
    /// on a slow way.
    static constexpr Duration again_first = std::chrono::milliseconds(500);
    static constexpr Duration again_last = std::chrono::seconds(16);

    struct Follower {
        Instant heard_at;
        std::uint64_t has = 0;   // events, as it last said
        std::uint64_t sent = 0;  // events
        // On their way: the number after the last event of each message, and its bytes.
        std::deque<std::pair<std::uint64_t, std::size_t>> on_the_way;
        std::size_t bytes_on_the_way = 0;
        Instant again_at;  // not before
        Duration again_after = again_first;

        bool takes_more() const { return bytes_on_the_way < window_bytes; }
        void send(std::uint64_t until, std::size_t bytes) {
            sent = until;
            on_the_way.emplace_back(until, bytes);
            bytes_on_the_way += bytes;
        }
        void arrived(std::uint64_t until) {
            while (!on_the_way.empty() && on_the_way.front().first <= until) {
                bytes_on_the_way -= on_the_way.front().second;
                on_the_way.pop_front();
            }
        }
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
        if (is_new) follower.has = follower.sent = has;
        if (has > follower.has) follower.again_after = again_first;
        const bool lost = has == follower.has && follower.sent > has && now >= follower.again_at;
        if (lost || has > follower.sent) {
            follower.on_the_way.clear();
            follower.bytes_on_the_way = 0;
            follower.sent = has;
            follower.again_at = now + follower.again_after;
            follower.again_after = std::min(2 * follower.again_after, again_last);
        }
        follower.has = std::max(follower.has, has);
        follower.arrived(follower.has);
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
