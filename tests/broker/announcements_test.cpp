#include "broker/announcements.hpp"

#include <doctest/doctest.h>

#include "shared/topics.hpp"

using namespace xgrid;
using namespace xgrid::broker;

TEST_CASE("a topic is listened to from its subscription to its end") {
    Announcements announcements;
    CHECK(!announcements.listened("a"));
    announcements.subscribe("a");
    announcements.subscribe("a");
    CHECK(announcements.listened("a"));
    CHECK(!announcements.listened("b"));
    announcements.unsubscribe("a");
    CHECK(!announcements.listened("a"));
}

TEST_CASE("a name that is too long is no topic") {
    Announcements announcements;
    announcements.subscribe(std::string(topic_bytes_max + 1, 'x'));
    CHECK(!announcements.listened(std::string(topic_bytes_max + 1, 'x')));
}

TEST_CASE("a run is announced once on each topic, and numbers grow over all of them") {
    Announcements announcements;
    CHECK(announcements.number("a") == 0);
    CHECK(announcements.announced("a", "run") == 0);
    CHECK(announcements.announce("a", "run"));
    CHECK(!announcements.announce("a", "run"));
    CHECK(announcements.announce("b", "run"));
    const std::uint64_t between = announcements.next_number();
    CHECK(announcements.announce("a", "other"));
    CHECK(announcements.announced("a", "run") == 1);
    CHECK(announcements.announced("b", "run") == 2);
    CHECK(announcements.announced("a", "other") > between);
    CHECK(announcements.number("a") == announcements.announced("a", "other"));
    CHECK(announcements.number("b") == 2);
    CHECK(announcements.runs("a") == std::set<std::string>{"other", "run"});
}

TEST_CASE("a run that is over is announced nowhere, and a topic without runs has no number") {
    Announcements announcements;
    announcements.announce("a", "run");
    announcements.announce("b", "run");
    announcements.announce("b", "other");
    announcements.forget("run");
    CHECK(announcements.number("a") == 0);
    CHECK(announcements.runs("a").empty());
    CHECK(announcements.announced("b", "run") == 0);
    CHECK(announcements.runs("b") == std::set<std::string>{"other"});
    CHECK(announcements.number("b") > 0);
    // Who has heard of the first one hears of the next one as news.
    CHECK(announcements.announce("a", "next"));
    CHECK(announcements.number("a") > 3);
}
