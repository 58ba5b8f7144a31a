// What is expected of units and tests, and how they are shared.
#include "broker/outlook.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

namespace {

std::vector<TestName> tests(std::size_t count) {
    std::vector<TestName> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({std::to_string(i)});
    return all;
}

}  // namespace

TEST_CASE("what failed goes first, then what is new, then what takes longest") {
    Outlook outlook;
    outlook.learn({{.unit = "short", .seconds = 1, .tests = 1},
                   {.unit = "long", .seconds = 9, .tests = 1},
                   {.unit = "red", .seconds = 0.1, .tests = 1, .failed = true}});
    CHECK(outlook.rank_of("red").goes_before(outlook.rank_of("new")));
    CHECK(outlook.rank_of("new").goes_before(outlook.rank_of("long")));
    CHECK(outlook.rank_of("long").goes_before(outlook.rank_of("short")));
    CHECK_FALSE(outlook.rank_of("short").goes_before(outlook.rank_of("short")));
}

TEST_CASE("what finds more failures in a second goes before its like") {
    Outlook outlook;
    const auto unit = [](const std::string& name, double seconds, double failures, bool failed) {
        return ExpectedUnit{.unit = name,
                            .seconds = seconds,
                            .tests = 1,
                            .failed = failed,
                            .named = {{{"0"}, seconds, failed, failures}}};
    };
    outlook.learn({unit("long", 90, 0, false), unit("long, fragile", 9, 0.9, false),
                   unit("fragile", 0.5, 0.1, false), unit("more fragile", 0.5, 0.2, false),
                   unit("shorter", 0.1, 0.1, false), unit("red", 2, 0.5, true),
                   unit("red, often", 2, 1, true), unit("red for the first time", 4, 0, true)});
    const std::vector<std::string> order = {"red, often", "red",     "red for the first time",
                                            "new",        "shorter", "more fragile",
                                            "fragile",    "long",    "long, fragile"};
    for (std::size_t i = 1; i < order.size(); ++i) {
        CAPTURE(order[i]);
        CHECK(outlook.rank_of(order[i - 1]).goes_before(outlook.rank_of(order[i])));
        CHECK_FALSE(outlook.rank_of(order[i]).goes_before(outlook.rank_of(order[i - 1])));
    }
    CHECK(outlook.rank_of("shorter", {{"0"}}).kind == Rank::Kind::fragile);
}

TEST_CASE("without anything known all are alike") {
    const Outlook outlook;
    CHECK_FALSE(outlook.rank_of("a").goes_before(outlook.rank_of("b")));
    CHECK(outlook.seconds_of("a", tests(3)).empty());
}

TEST_CASE("tests without a name share the rest of their unit's time") {
    Outlook outlook;
    outlook.learn(
        {{.unit = "a", .seconds = 10, .tests = 5, .named = {{.test = {"0"}, .seconds = 6}}}});
    CHECK(outlook.seconds_of("a", tests(3)) == std::vector<double>{6, 1, 1});
    CHECK(outlook.rank_of("a", tests(2)).seconds == doctest::Approx(7));
}

TEST_CASE("a piece with a test that failed goes first") {
    Outlook outlook;
    outlook.learn({{.unit = "a",
                    .seconds = 2,
                    .tests = 2,
                    .failed = true,
                    .named = {{.test = {"1"}, .seconds = 1, .failed = true}}}});
    CHECK(outlook.rank_of("a", {{"1"}}).kind == Rank::Kind::failed);
    CHECK(outlook.rank_of("a", {{"0"}}).kind == Rank::Kind::known);
}

TEST_CASE("what takes long is alone, and the others stay beside their neighbours") {
    Outlook outlook;
    outlook.learn(
        {{.unit = "a", .seconds = 13, .tests = 7, .named = {{.test = {"3"}, .seconds = 10}}}});
    const auto pieces = outlook.pieces_of("a", tests(7), 3, 100);
    // A piece takes up to 13 / (3 * 6) s, and the others take half a second each.
    std::size_t shared = 0;
    for (const auto& piece : pieces) {
        if (piece == std::vector<TestName>{{"3"}}) ++shared;
    }
    CHECK(shared == 1);
    CHECK(pieces.size() == 7);
}

TEST_CASE("tests that take no time are shared evenly") {
    Outlook outlook;
    outlook.learn({{.unit = "a", .seconds = 0, .tests = 10}});
    const auto pieces = outlook.pieces_of("a", tests(10), 2, 100);
    REQUIRE(pieces.size() == 2);
    CHECK(pieces[0].size() == 5);
    CHECK(outlook.pieces_of("a", tests(10), 1, 4).size() == 3);
}

TEST_CASE("a fair part ends before a test that is too much for it") {
    CHECK(fair_part({1, 1, 1, 1}, 2) == 2);
    CHECK(fair_part({9, 1, 1, 1}, 2) == 0);
    CHECK(fair_part({1, 9, 1, 1}, 2) == 1);
    CHECK(fair_part({}, 2) == 0);
}
