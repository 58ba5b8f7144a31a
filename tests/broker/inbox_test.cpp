#include "broker/inbox.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace xgrid::broker;

namespace {

struct Said {
    std::string peer;
    std::string text;

    std::size_t bytes() const { return text.size(); }
};
using SaidInbox = Inbox<Said>;

constexpr std::size_t one = SaidInbox::overhead_bytes + 1;

}  // namespace

TEST_CASE("peers are heard in turns, each in its order") {
    SaidInbox inbox;
    for (const char* text : {"1", "2", "3"}) CHECK(inbox.put({"loud", text}));
    CHECK(inbox.put({"quiet", "4"}));
    std::string heard;
    while (const auto said = inbox.take()) heard += said->text;
    CHECK(heard == "1423");
    CHECK(inbox.empty());
    CHECK(inbox.bytes() == 0);
}

TEST_CASE("a peer that says too much is not heard beyond its limits, and others are") {
    SaidInbox by_count({.peer_messages_max = 2});
    CHECK(by_count.put({"loud", "1"}));
    CHECK(by_count.put({"loud", "2"}));
    CHECK_FALSE(by_count.put({"loud", "3"}));
    CHECK(by_count.put({"quiet", "4"}));
    SaidInbox by_bytes({.peer_bytes_max = 2 * one});
    CHECK(by_bytes.put({"loud", "1"}));
    CHECK(by_bytes.put({"loud", "2"}));
    CHECK_FALSE(by_bytes.put({"loud", "3"}));
    by_bytes.take();
    CHECK(by_bytes.put({"loud", "5"}));
}

TEST_CASE("when all of them say too much, each still gets one message in") {
    SaidInbox inbox({.bytes_max = 3 * one});
    for (const char* text : {"1", "2", "3"}) CHECK(inbox.put({"loud", text}));
    CHECK_FALSE(inbox.put({"loud", "4"}));
    CHECK(inbox.put({"quiet", "5"}));
    CHECK_FALSE(inbox.put({"quiet", "6"}));
}
