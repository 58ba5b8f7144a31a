// One test for each thing that doctest can say of one, and names that are hard to select.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <doctest/doctest.h>

TEST_CASE("plain") { CHECK(1 == 1); }
TEST_CASE("a, b") { CHECK(1 == 2); }
TEST_CASE("a; b") { std::cout << "other\n"; }
TEST_CASE("  spaces  ") {
    std::cout << "hello out" << std::endl;
    std::cerr << "hello err\n";
    printf("printf\n");
}
TEST_CASE("spaces") {}
TEST_CASE("[brackets] \"quotes\" back\\slash ends\\") {}
TEST_CASE("operator*") {}
TEST_CASE("operator*=") { FAIL("never"); }
TEST_CASE("what?") {}
TEST_CASE("whats") { FAIL_CHECK("nothing"); }
TEST_CASE("alone?") {}
TEST_CASE("*") {}
TEST_CASE("") {}
TEST_CASE("case") {}
TEST_CASE("Case") { CHECK(false); }
TEST_CASE("non-ascii \xc3\xa9\x1b[1m\xff") {}
TEST_CASE("multi\nline") {}
TEST_CASE("tab\there") {}
TEST_CASE("-tc=x") {}
TEST_CASE("dup") { CHECK(1 == 1); }
TEST_CASE("dup") { CHECK(1 == 2); }
TEST_SUITE("suite one") {
    TEST_CASE("dup") {}
    TEST_CASE("only here" * doctest::description("says more")) {}
}
TEST_SUITE("suite two") {
    TEST_CASE("dup") { REQUIRE(false); }
}
TEST_CASE("skipped" * doctest::skip()) { CHECK(false); }
TEST_CASE("dup" * doctest::skip()) { CHECK(false); }
TEST_CASE("may fail, does" * doctest::may_fail()) { CHECK(false); }
TEST_CASE("may fail, does not" * doctest::may_fail()) { CHECK(true); }
TEST_CASE("should fail, does" * doctest::should_fail()) { CHECK(false); }
TEST_CASE("should fail, does not" * doctest::should_fail()) { CHECK(true); }
TEST_CASE("fails twice, does" * doctest::expected_failures(2)) {
    CHECK(false);
    CHECK(false);
}
TEST_CASE("fails twice, does not" * doctest::expected_failures(2)) { CHECK(false); }
TEST_CASE("too slow" * doctest::timeout(0.001)) { usleep(20'000); }
TEST_CASE("throws") {
    INFO("info line");
    throw std::runtime_error("thrown <&>");
}
TEST_CASE("subcases") {
    int x = 3;
    CAPTURE(x);
    INFO("more");
    SUBCASE("one") {
        SUBCASE("deep") { CHECK(x == 4); }
    }
    SUBCASE("two") {
        MESSAGE("told");
        CHECK_THROWS_AS(throw 1, std::runtime_error);
        CHECK_THROWS(x = 3);
        CHECK_NOTHROW(throw std::runtime_error("no"));
        CHECK_THROWS_WITH_AS(throw std::runtime_error("no"), "yes", std::runtime_error);
        CHECK_MESSAGE(x == 5, "x is wrong");
    }
}
TEST_CASE("warns only") {
    WARN(1 == 2);
    MESSAGE("a message");
}
TEST_CASE_TEMPLATE("tmpl", T, int, int*, std::pair<int, char>) { CHECK(sizeof(T) > 0); }
struct Fix {};
TEST_CASE_FIXTURE(Fix, "fixture") {}
SCENARIO("a scenario") {
    GIVEN("x") {
        WHEN("y") {
            THEN("z") { CHECK(1 == 1); }
        }
    }
}
#define TEN(text) text text text text text text text text text text
TEST_CASE(TEN(TEN(TEN("long ")))) {}

TEST_SUITE("ends") {
    TEST_CASE("crashes") {
        std::cerr << "last words\n";
        CHECK(1 == 2);
        *static_cast<volatile int*>(nullptr) = 1;
    }
    TEST_CASE("crashes as it should" * doctest::should_fail()) { abort(); }
    TEST_CASE("leaves with 0") { exit(0); }
    TEST_CASE("is killed") { kill(getpid(), SIGKILL); }
    TEST_CASE("comes after") {}
}
