// What users are shown of the history of tests.
#include "client/history_text.hpp"

#include <doctest/doctest.h>

#include "shared/history_json.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

constexpr std::uint64_t now = 1'000'000;
constexpr std::uint64_t day = 86'400;

TestHistory flaky() {
    TestHistory test{.project = "shop",
                     .unit = "a.py",
                     .test = {"a.py::pays"},
                     .environment = "Python 3.11",
                     .seconds = 1.234,
                     .verdicts = 12,
                     .failures = 3,
                     .first_seen = now - 9 * day,
                     .last_seen = now - 60};
    test.last = {{.run = "run2run2run2", .outcome = Outcome::failed, .at = now - 60},
                 {.run = "run1run1run1", .outcome = Outcome::passed, .at = now - 3 * day},
                 {.run = "run0", .outcome = Outcome::skipped, .at = now - 4 * day}};
    test.proofs = {{.tree = "0123456789abcdef",
                    .passed_run = "run1run1run1",
                    .failed_run = "run2run2run2",
                    .at = now - 3 * day}};
    return test;
}

TestHistory suspected() {
    TestHistory test = flaky();
    test.test.id = "a.py::may";
    test.proofs.clear();
    test.suspected = true;
    return test;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("outcomes are a strip of pytest's letters, the newest at the right") {
    CHECK(strip_of(flaky()) == "s.F");
}

TEST_CASE("a test is flaky since its first proof; suspected since its outcome changed first") {
    CHECK(flaky_since(flaky()) == now - 3 * day);
    CHECK(flaky_since(suspected()) == now - 60);
    CHECK(flaky_since({}) == 0);
}

TEST_CASE("of one test all is told") {
    CHECK(text_of_history({flaky()}, now, 0) ==
          "a.py::pays\n"
          "  project     shop\n"
          "  in          Python 3.11\n"
          "  takes       1.23 s\n"
          "  outcomes    s.F  the last 3, the newest at the right; 3 of 12 failed in all\n"
          "  first seen  9 d ago\n"
          "  last seen   60 s ago\n"
          "  flaky since 3 d ago\n"
          "  proof       3 d ago: passed in run run1run1, failed in run run2run2, both with tree "
          "0123456789ab\n");
}

TEST_CASE("after which changes a test fails is told, whatever paths are called") {
    TestHistory test = flaky();
    CHECK_FALSE(contains(text_of_history({test}, now, 0), "fails when"));
    test.changes = {{"src/parser.c", 3, 4}, {"a\x1b[1m", 2, 9}};
    CHECK(text_of_history({test}, now, 0)
              .ends_with("  fails when  these paths change: src/parser.c (3 of 4 runs), "
                         "a\\x1b[1m (2 of 9 runs)\n"));
}

TEST_CASE("of many tests a line each is told") {
    const std::string text = text_of_history(std::vector(6, flaky()), now, 0);
    CHECK(text.starts_with("TEST "));
    CHECK(contains(text, "a.py::pays  Python 3.11  1.23 s"));
}

TEST_CASE("flaky tests are told with their proof, and suspicions without") {
    const std::string text = text_of_flakes({flaky(), suspected()}, now, 0);
    CHECK(contains(text, "passed in run run1run1, failed in run run2run2"));
    CHECK(contains(text, "a.py::may   suspected  Python 3.11  3 of 12"));
    CHECK(contains(text, "none: its code was not the same"));
    CHECK_FALSE(contains(text, "PROJECT"));
}

TEST_CASE("several projects are told apart") {
    TestHistory other = flaky();
    other.project = "bank";
    CHECK(text_of_flakes({flaky(), other}, now, 0).starts_with("PROJECT"));
}

TEST_CASE("a program gets all of it in a line") {
    const std::string json = history_json({flaky()});
    CHECK(contains(json, R"("id":"a.py::pays","occurrence":0,"unit":"a.py","project":"shop")"));
    CHECK(contains(json, R"("flaky":true,"suspected":false,"duration":1.234,"verdicts":12)"));
    CHECK(contains(json, R"("last":[{"outcome":"failed","run":"run2run2run2")"));
    CHECK(history_json({}) == "[]\n");
}
