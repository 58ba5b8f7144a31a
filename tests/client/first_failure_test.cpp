// When the first failure was seen that stayed one.
#include "client/first_failure.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Instant start = Instant() + std::chrono::hours(1);

Instant after(int seconds) { return start + std::chrono::seconds(seconds); }

TestFinished finished(const std::string& id, Outcome outcome) {
    return {.unit = "a.py", .test = {id}, .worker = "gw0", .result = {.outcome = outcome}};
}

TestFailing failing(const std::string& id) {
    return {.unit = "a.py", .test = {id}, .worker = "gw0", .result = {.outcome = Outcome::failed}};
}

}  // namespace

TEST_CASE("a run without failures has no first one") {
    FirstFailure first;
    first.add(after(1), finished("a", Outcome::passed));
    first.add(after(2), finished("b", Outcome::xfailed));
    CHECK_FALSE(first.seen_at());
}

TEST_CASE("the first failure counts, whatever follows") {
    FirstFailure first;
    first.add(after(1), finished("a", Outcome::error));
    first.add(after(2), finished("b", Outcome::failed));
    CHECK(first.seen_at() == after(1));
}

TEST_CASE("what passes after all was no failure") {
    FirstFailure first;
    first.add(after(1), failing("a"));
    CHECK(first.seen_at() == after(1));
    first.add(after(3), finished("a", Outcome::passed));
    CHECK_FALSE(first.seen_at());
}

TEST_CASE("what fails again has failed when it was seen first") {
    FirstFailure first;
    first.add(after(1), failing("a"));
    first.add(after(2), failing("a"));
    first.add(after(3), finished("b", Outcome::failed));
    first.add(after(4), finished("a", Outcome::failed));
    CHECK(first.seen_at() == after(1));
}
