#include "client/markup.hpp"

#include <doctest/doctest.h>

using namespace xgrid::client;

TEST_CASE("without colours a text is what it was before they were put in") {
    CHECK(without_colours("plain") == "plain");
    CHECK(without_colours("\x1b[1m\x1b[31mE   assert 0\x1b[0m\n") == "E   assert 0\n");
    CHECK(without_colours("\x1b[mx\x1b[38;5;1my\x1b[4:3mz") == "xyz");
}

TEST_CASE("what only begins like a colour stays") {
    for (const char* text : {"\x1b", "\x1b[", "\x1b[31", "\x1b[2J", "a\x1b]0;m", "[31m"}) {
        CHECK(without_colours(text) == text);
    }
    CHECK(without_colours("\x1b[\x1b[1mx") == "\x1b[x");
}

TEST_CASE("a name that is too long keeps both of its ends") {
    CHECK(squeezed("popen//id=a", 11) == "popen//id=a");
    CHECK(squeezed("popen//python=3.9", 11) == "pope...=3.9");
    CHECK(squeezed("äöüßäöüß", 7) == "äö...üß");
    CHECK(squeezed("abcdef", 3) == "...");
    CHECK(squeezed("abcdef", 0).empty());
}
