#include "broker/resources.hpp"

#include <doctest/doctest.h>

#include "shared/pattern.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

UnitNeeds locks(std::vector<std::string> names) { return tidy({.locks = std::move(names)}); }

}  // namespace

TEST_CASE("a pattern's star is any text, and its question mark any character") {
    CHECK(is_match("tests/db/*", "tests/db/sub/test_a.py"));
    CHECK(is_match("*_db.py", "a_db.py_db.py"));
    CHECK(is_match("a?c", "abc"));
    CHECK(is_match("*", ""));
    CHECK(is_match("a*b*c", "a-b-b-c"));
    CHECK_FALSE(is_match("a?c", "ac"));
    CHECK_FALSE(is_match("tests/db/", "tests/db/test_a.py"));
    CHECK_FALSE(is_match("a[b]", "ab"));
    CHECK_FALSE(is_match("", "a"));
    CHECK_FALSE(is_match("*a", "b"));
}

TEST_CASE("needs of two who name them are united") {
    CHECK((united({2, {"b", "a"}}, {3, {"a"}, true}) == UnitNeeds{3, {"a", "b"}, true}));
    CHECK((tidy({.processors = 0}) == UnitNeeds{}));
}

TEST_CASE("a lock has as many holders at a time as it may have") {
    Resources resources({{"two", {2}}});
    resources.take(locks({"two", "one"}));
    CHECK(resources.has(locks({"two"})));
    CHECK_FALSE(resources.has(locks({"two", "one"})));
    CHECK(resources.busy(locks({"two", "one"})) == std::vector<std::string>{"one"});
    resources.take(locks({"two"}));
    CHECK_FALSE(resources.has(locks({"two"})));
    resources.give_back(locks({"two", "one"}));
    CHECK(resources.has(locks({"one", "two"})));
}

TEST_CASE("a lock of the grid is there as far as it was granted, until nobody has it any more") {
    Resources resources({{"g", {1, true}}});
    CHECK_FALSE(resources.has(locks({"g"})));
    CHECK(resources.has_beside_grid(locks({"g"})));
    resources.grant("g");
    CHECK(resources.has(locks({"g"})));
    resources.take(locks({"g"}));
    resources.drop_unused();
    CHECK(resources.granted() == LockCounts{{"g", 1}});
    resources.give_back(locks({"g"}));
    CHECK(resources.granted().empty());
    resources.grant("g");
    resources.drop_unused();
    CHECK_FALSE(resources.has(locks({"g"})));
}

TEST_CASE("a serial unit begins when nothing runs, and then nothing else does") {
    Resources resources({});
    const UnitNeeds serial{.serial = true};
    resources.begin_job(false);
    CHECK_FALSE(resources.has(serial));
    resources.end_job(false);
    CHECK(resources.has(serial));
    resources.begin_job(true);
    CHECK_FALSE(resources.has(serial));
    CHECK_FALSE(resources.has({}));
    resources.end_job(true);
    CHECK(resources.has({}));
}
