#include "worker/frameworks/native/cmake_regex.hpp"

#include <random>
#include <string>

#include <doctest/doctest.h>

using xgrid::worker::native::CMakeRegex;

namespace {

bool found(std::string_view pattern, std::string_view text) {
    const CMakeRegex regex(pattern);
    REQUIRE_MESSAGE(regex.valid(), pattern);
    return regex.found_in(text);
}

}  // namespace

TEST_CASE("a regular expression of CMake is searched in the whole text") {
    CHECK(found("ell", "hello"));
    CHECK_FALSE(found("elo", "hello"));
    CHECK(found("", "anything"));
    CHECK(found("", ""));
    CHECK(found("a|", ""));
    CHECK(found("h.*o$", "ahello"));
    CHECK(found("a.b", "a\nb"));
    CHECK(found("(ab)+c", "xababc"));
    CHECK_FALSE(found("^(ab)+c", "xababc"));
    CHECK(found("colou?r", "color"));
    CHECK(found("x(a|bc)*y", "xabcbcay"));
    CHECK_FALSE(found("x(a|bc)*y", "xabby"));
    CHECK(found("\\.\\*", "a.*b"));
    CHECK(found("a{2}", "a{2}"));
    CHECK_FALSE(found("a{2}", "aa"));
    CHECK(found("]", "]"));
}

TEST_CASE("its ^ and $ are the ends of the text, not of lines") {
    CHECK(found("^a\nb\n$", "a\nb\n"));
    CHECK_FALSE(found("^b", "a\nb"));
    CHECK_FALSE(found("a$", "a\nb"));
    CHECK(found("x|^a", "ab"));
}

TEST_CASE("its sets have ranges, ] and - where they mean themselves, and no escapes") {
    CHECK(found("^[a-c]+$", "abc"));
    CHECK_FALSE(found("[a-c]", "d"));
    CHECK(found("^[]x]$", "]"));
    CHECK(found("^[-x]$", "-"));
    CHECK(found("^[x-]$", "-"));
    CHECK(found("^[^]x]$", "y"));
    CHECK_FALSE(found("^[^]x]$", "]"));
    CHECK(found("^[^a]$", "\n"));
    CHECK(found("^[\\d]+$", "\\d"));
    CHECK(found("^[+*?.(|]+$", "+*?.(|"));
}

TEST_CASE("what CMake cannot compile is found nowhere") {
    for (const char* pattern : {"hel(lo", "hel)lo", "a**", "a+?", "*a", "(a|)*", "(a*)+", "[a",
                                "[c-a]", "a\\", "^*", "[]", "(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)"}) {
        CAPTURE(pattern);
        CHECK_FALSE(CMakeRegex(pattern).valid());
        CHECK_FALSE(CMakeRegex(pattern).found_in("hello aaaaaaaaaaaaaaa"));
    }
    CHECK(CMakeRegex("(a)(a)(a)(a)(a)(a)(a)(a)(a)").valid());
}

TEST_CASE("a search takes time in proportion to the text, and no stack") {
    const std::string text(1'000'000, 'a');
    CHECK_FALSE(found("(a|aa)+b", text));
    CHECK_FALSE(found("^(aa?a?a?a?a?)+x", text));
    CHECK(found("a.*a$", text));
}

TEST_CASE("any text is a regular expression or none") {
    std::mt19937 random(7);
    const std::string_view alphabet = "ab()[]^$.|*+?\\-\n{}";
    for (int round = 0; round < 20'000; ++round) {
        std::string pattern;
        for (std::size_t length = random() % 12; length > 0; --length) {
            pattern += alphabet[random() % alphabet.size()];
        }
        CMakeRegex(pattern).found_in("abab(b]a-\nb{a}");
    }
}
