#include "worker/frameworks/native/tap.hpp"

#include <random>
#include <string>

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker::native;

namespace {

Tap read(const std::string& text) {
    Tap tap;
    tap.add(text);
    tap.end();
    return tap;
}

Outcome outcome(const std::string& text) { return read(text).outcome(); }

}  // namespace

TEST_CASE("TAP: points have a number, a name and an outcome") {
    const Tap tap = read(
        "TAP version 14\n1..6\nok 1 - first # of all\nnot ok 2 second\nok\n"
        "ok 4 - fourth # SKIP not here\nnot ok 5 - fifth # todo later\nok 6 # TODO\n");
    CHECK(tap.spoken());
    CHECK(tap.errors().empty());
    REQUIRE(tap.points().size() == 6);
    CHECK(tap.points()[0].name == "first");
    CHECK(tap.points()[0].outcome == Outcome::passed);
    CHECK(tap.points()[1].name == "second");
    CHECK(tap.points()[1].outcome == Outcome::failed);
    CHECK(tap.points()[2].number == 3);
    CHECK(tap.points()[2].name == "");
    CHECK(tap.points()[3].outcome == Outcome::skipped);
    CHECK(tap.points()[3].why == "not here");
    CHECK(tap.points()[4].outcome == Outcome::xfailed);
    CHECK(tap.points()[4].why == "later");
    CHECK(tap.points()[5].outcome == Outcome::xpassed);
    CHECK(tap.outcome() == Outcome::failed);
    CHECK(tap.why() == "not ok: second (and 1 more)");
}

TEST_CASE("TAP: a point that fails or should have failed is a failure, all skipped is a skip") {
    CHECK(outcome("1..1\nok 1\n") == Outcome::passed);
    CHECK(outcome("ok 1\nok 2\n1..2\n") == Outcome::passed);
    CHECK(outcome("1..1\nnot ok 1\n") == Outcome::failed);
    CHECK(outcome("1..1\nnot ok 1 # SKIP it fails all the same\n") == Outcome::failed);
    CHECK(outcome("1..1\nok 1 # TODO\n") == Outcome::failed);
    CHECK(outcome("1..1\nnot ok 1 # TODO\n") == Outcome::passed);
    CHECK(outcome("1..2\nok 1 # skip\nok 2 # Skipped: no net\n") == Outcome::skipped);
    CHECK(outcome("1..2\nok 1 # skip\nok 2\n") == Outcome::passed);
    CHECK(outcome("1..0 # SKIP no net\n") == Outcome::skipped);
    CHECK(read("1..0 # SKIP no net\n").why() == "no net");
    CHECK(outcome("") == Outcome::skipped);
    CHECK(read("").why() == "no tests were run");
}

TEST_CASE("TAP: what is not valid is an error") {
    for (const char* text :
         {"1..2\nok 1\n", "1..1\nok 1\nok 2\n", "1..1\n1..1\nok 1\n", "ok 1\n1..1\nok 2\n",
          "1..2\nok 2\nok 1\n", "1..1 # SKIP\nok 1\n", "1..1 # TODO\nok 1\n",
          "ok 1\nTAP version 13\n1..1\n", "TAP version 12\n1..1\nok 1\n",
          "TAP version 13\n1..1\nok 1\n  ---\n  a: b\n"}) {
        CAPTURE(text);
        CHECK(outcome(text) == Outcome::error);
        CHECK(read(text).why().starts_with("TAP: "));
    }
}

TEST_CASE("TAP: who bails out has no more tests to run, and is an error") {
    const Tap tap = read("1..3\nok 1\nBail out!  no disk \n");
    CHECK(tap.outcome() == Outcome::error);
    CHECK(tap.bail_out() == "no disk");
    CHECK(tap.why() == "Bail out! no disk");
    CHECK(tap.errors().empty());
}

TEST_CASE("TAP: blocks and comments tell of the point before them") {
    const Tap tap = read(
        "TAP version 13\n1..2\nnot ok 1 - a\n  ---\n  message: bad\n  data:\n    got: ok 7\n  ...\n"
        "# more\nok 2\n");
    CHECK(tap.errors().empty());
    REQUIRE(tap.points().size() == 2);
    CHECK(tap.points()[0].diagnosis == "message: bad\ndata:\n  got: ok 7\nmore\n");
}

TEST_CASE("TAP: subtests are points of their own depth, and judge nothing") {
    const Tap tap = read(
        "TAP version 14\n1..1\n# Subtest: outer\n    1..2\n    ok 1 - in\n        not ok 1 - deep\n"
        "    not ok 2 - in # SKIP\nok 1 - outer\n");
    CHECK(tap.errors().empty());
    CHECK(tap.outcome() == Outcome::passed);
    REQUIRE(tap.points().size() == 4);
    CHECK(tap.points()[0].depth == 1);
    CHECK(tap.points()[1].depth == 2);
    CHECK(tap.points()[3].depth == 0);
}

TEST_CASE("TAP: other output is no TAP, and no matter") {
    const Tap tap = read("hello\nokay\nnotok\nok-ish\n1.. 2\n  1 ok\nTAPversion\n");
    CHECK_FALSE(tap.spoken());
    CHECK(tap.points().empty());
    CHECK(read("hello\r\n1..1\r\nok 1 - a\r\n").outcome() == Outcome::passed);
}

TEST_CASE("TAP: however the text is cut, it says the same; and any text says something") {
    const std::string text =
        "TAP version 13\n1..2\nnot ok 1 - a\n  ---\n  b\n  ...\nok 2 # SKIP\nBail out!";
    for (std::size_t length = 0; length <= text.size(); ++length) {
        Tap tap;
        tap.add(std::string_view(text).substr(0, length));
        tap.add(std::string_view(text).substr(length));
        tap.end();
        CHECK(tap.why() == read(text).why());
        read(text.substr(0, length)).why();
    }
    std::mt19937 random(5);
    for (int round = 0; round < 2000; ++round) {
        std::string changed = text;
        for (int change = 0; change < 4; ++change) {
            changed[random() % changed.size()] = "\n 19#.ok-\0\xff"[random() % 11];
        }
        read(changed).why();
    }
    CHECK(read("ok 99999999999999999999999\n").outcome() == Outcome::error);
}
