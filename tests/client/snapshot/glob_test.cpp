#include "client/snapshot/glob.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

using xgrid::client::Glob;

TEST_CASE("stars stop at a slash, unless two stand alone between slashes") {
    CHECK(Glob("a*c").matches("abbc"));
    CHECK(Glob("a*c").matches("ac"));
    CHECK_FALSE(Glob("a*c").matches("a/c"));
    CHECK_FALSE(Glob("a**c").matches("a/c"));
    CHECK(Glob("a/**/c").matches("a/c"));
    CHECK(Glob("a/**/c").matches("a/x/y/c"));
    CHECK_FALSE(Glob("a/**/c").matches("a/xc"));
    CHECK(Glob("**/c").matches("c"));
    CHECK(Glob("**/c").matches("a/b/c"));
    CHECK_FALSE(Glob("**/c").matches("a/bc"));
    CHECK(Glob("a/**").matches("a/b/c"));
    CHECK_FALSE(Glob("a/**").matches("a"));
    CHECK(Glob("?").matches("\xff"));
    CHECK_FALSE(Glob("a?b").matches("a/b"));
}

TEST_CASE("sets have ranges, classes and negation, and never a slash") {
    CHECK(Glob("[a-c]").matches("b"));
    CHECK_FALSE(Glob("[!a-c]").matches("b"));
    CHECK(Glob("[^a-c]").matches("d"));
    CHECK_FALSE(Glob("a[^b]c").matches("a/c"));
    CHECK(Glob("[]-]").matches("]"));
    CHECK(Glob("[]-]").matches("-"));
    CHECK(Glob("[a-]").matches("-"));
    CHECK(Glob("[[:digit:][:upper:]]").matches("7"));
    CHECK(Glob("[[:digit:][:upper:]]").matches("Q"));
    CHECK_FALSE(Glob("[[:digit:]]").matches("q"));
    CHECK(Glob("[\\]]").matches("]"));
    CHECK(Glob("[\xc0-\xff]").matches("\xe0"));
}

TEST_CASE("a broken pattern matches nothing") {
    for (const char* pattern : {"[a", "[", "[]", "[[:none:]]", "a\\", "[a\\"}) {
        CAPTURE(pattern);
        for (const char* text : {"", "a", "[", "[a", "a\\"})
            CHECK_FALSE(Glob(pattern).matches(text));
    }
    CHECK(Glob("").matches(""));
    CHECK(Glob("\\*").matches("*"));
    CHECK_FALSE(Glob("\\*").matches("a"));
}

TEST_CASE("many stars take no more time than few") {
    std::string pattern;
    for (int i = 0; i < 50; ++i) pattern += "a*";
    CHECK_FALSE(Glob(pattern + "b").matches(std::string(4000, 'a')));
}
