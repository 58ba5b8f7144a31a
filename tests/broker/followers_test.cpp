#include "broker/followers.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace xgrid;
using xgrid::broker::Followers;

namespace {

constexpr Instant start = Instant(1h);
constexpr std::uint64_t events = 100;

// Is sent all that it takes: ten events of a megabyte each a message.
std::uint64_t messages_to(Followers& followers, const std::string& peer) {
    std::uint64_t messages = 0;
    Followers::Follower& follower = followers.all().at(peer);
    while (follower.sent < events && follower.takes_more()) {
        follower.send(follower.sent + 10, batch_bytes);
        ++messages;
    }
    return messages;
}

}  // namespace

TEST_CASE("who does not say that anything arrived is sent no more than a window") {
    Followers followers;
    followers.hear(start, "peer", 0, 0, events);
    CHECK(messages_to(followers, "peer") == 4);
    followers.hear(start + 1ms, "peer", 10, 0, events);
    CHECK(messages_to(followers, "peer") == 1);
    followers.hear(start + 2ms, "peer", 50, 0, events);
    CHECK(messages_to(followers, "peer") == 4);
}

TEST_CASE("what is lost is sent again, after a pause that doubles until something arrives") {
    Followers followers;
    followers.hear(start, "peer", 0, 0, events);
    CHECK(messages_to(followers, "peer") == 4);
    followers.hear(start + 1s, "peer", 0, 0, events);
    CHECK(messages_to(followers, "peer") == 4);
    for (auto early = 1s + 1ms; early < 1s + Followers::again_first; early += 1ms) {
        followers.hear(start + early, "peer", 0, 0, events);
        CHECK(messages_to(followers, "peer") == 0);
    }
    followers.hear(start + 2s, "peer", 0, 0, events);
    CHECK(messages_to(followers, "peer") == 4);
    followers.hear(start + 2s + Followers::again_first, "peer", 0, 0, events);
    CHECK(messages_to(followers, "peer") == 0);
    followers.hear(start + 4s, "peer", 20, 0, events);
    CHECK(messages_to(followers, "peer") == 2);
}

TEST_CASE(
    "one who has more than was sent has it from elsewhere, and one who was sent all lost nothing") {
    Followers followers;
    followers.hear(start, "peer", 90, 0, events);
    CHECK(messages_to(followers, "peer") == 1);
    followers.hear(start + 1s, "peer", 100, 0, events);
    followers.hear(start + 9s, "peer", 100, 0, events);
    CHECK(messages_to(followers, "peer") == 0);
    CHECK(followers.have(events));
}
