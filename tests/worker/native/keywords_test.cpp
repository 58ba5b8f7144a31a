#include "worker/frameworks/native/keywords.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker::native;

namespace {

bool matches(const std::string& expression, const std::string& id) {
    Result<Keywords> keywords = Keywords::parse(expression);
    REQUIRE(keywords);
    return keywords->match(id);
}

}  // namespace

TEST_CASE("words and operators mean what they mean in pytest's -k") {
    CHECK(matches("some", "build/unit::Some/P.odd/0"));
    CHECK(matches("p.odd/0", "build/unit::Some/P.odd/0"));
    CHECK_FALSE(matches("other", "build/unit::Some/P.odd/0"));
    CHECK(matches("not other", "one"));
    CHECK(matches("a and not b or c", "a"));
    CHECK_FALSE(matches("a and not b or c", "ab"));
    CHECK(matches("a and not b or c", "abc"));
    CHECK_FALSE(matches("a and not (b or c)", "ac"));
    CHECK(matches("not not a", "a"));
    CHECK(Keywords().match("anything"));
}

TEST_CASE("what is no expression is said") {
    for (const char* expression :
         {"", "and", "a and", "(a", "a)", "a b", "not", "()", "a or or b"}) {
        CAPTURE(expression);
        CHECK_FALSE(Keywords::parse(expression));
    }
    CHECK_FALSE(Keywords::parse(std::string(100'000, '(') + "a"));
}
