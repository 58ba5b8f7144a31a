// One test for each thing that Catch2 can say of one, and names that are hard to select. For
// version 2 and 3.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <unistd.h>
#ifdef CATCH_3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

TEST_CASE("plain") { REQUIRE(1 == 1); }
TEST_CASE("a, b", "[tag]") { CHECK(1 == 2); }
TEST_CASE("  spaces  ") {
    std::cout << "hello out\n";
    std::cerr << "hello err\n";
    printf("printf\n");
    CHECK(true);
}
TEST_CASE("#hash") { SUCCEED(); }
TEST_CASE("\"quoted\"") { SUCCEED(); }
TEST_CASE("back\\slash [brackets] ~x") { SUCCEED(); }
TEST_CASE("operator*") { SUCCEED(); }
TEST_CASE("operator*=") { FAIL("never"); }
TEST_CASE("*") { SUCCEED(); }
TEST_CASE("exclude:me") { SUCCEED(); }
TEST_CASE("hidden", "[.]") { FAIL("hidden"); }
TEST_CASE("hidden slow", "[.slow]") { FAIL("hidden"); }
TEST_CASE("may fail", "[!mayfail]") { CHECK(1 == 2); }
TEST_CASE("should fail", "[!shouldfail]") { CHECK(1 == 2); }
TEST_CASE("should fail, does not", "[!shouldfail]") { CHECK(1 == 1); }
TEST_CASE("throws", "[!throws]") {
    INFO("info line");
    throw std::runtime_error("thrown <&>");
}
TEST_CASE("sections") {
    int x = 3;
    CAPTURE(x);
    SECTION("one") {
        SECTION("deep") { CHECK(x == 4); }
    }
    SECTION("two") {
        WARN("warned");
        CHECK_THROWS_AS(x = 4, std::runtime_error);
    }
}
TEST_CASE("case") { SUCCEED(); }
TEST_CASE("Case") { CHECK(1 == 2); }
TEMPLATE_TEST_CASE("tmpl", "", int, int*) { SUCCEED(); }
struct Fix {};
TEST_CASE_METHOD(Fix, "method") { SUCCEED(); }
TEST_CASE("non-ascii \xc3\xa9\x1b[1m\xff") { SUCCEED(); }
TEST_CASE("tab\there") { SUCCEED(); }
#ifdef CATCH_3
TEST_CASE("multi\nline") { SUCCEED(); }
TEST_CASE("skipped") { SKIP("no network"); }
TEST_CASE("skipped partly") {
    SECTION("a") { SKIP("not here"); }
    SECTION("b") { SUCCEED(); }
}
TEST_CASE("twice", "[one]") { SUCCEED(); }
TEST_CASE("twice", "[two]") { FAIL("two"); }
#endif
#define TEN(text) text text text text text text text text text text
TEST_CASE(TEN(TEN(TEN("long ")))) { SUCCEED(); }

TEST_CASE("crashes", "[ends]") {
    std::fputs("last words\n", stderr);  // std::cerr is Catch2's, and lost
    *static_cast<volatile int*>(nullptr) = 1;
}
TEST_CASE("leaves with 0", "[ends]") { _exit(0); }
TEST_CASE("is killed", "[ends]") { kill(getpid(), SIGKILL); }
TEST_CASE("comes after", "[ends]") { SUCCEED(); }
