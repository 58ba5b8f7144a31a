#include "client/slow_tests.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const Instant start = Instant() + std::chrono::hours(1);
using Lines = std::vector<std::string>;

// One test has begun on gw1.
struct Slow {
    SlowTests tests;

    Slow() { tests.add(start, TestStarted{"test_a.py", {"test_x"}, "gw1"}); }
    Lines due(Duration after) { return tests.due(start + after); }
};

}  // namespace

TEST_CASE_FIXTURE(Slow, "a test that runs for a minute is named once") {
    CHECK(due(seconds(59)).empty());
    CHECK(due(seconds(60)) == Lines{"still running after 60 s: test_x on gw1"});
    CHECK(due(seconds(61)).empty());
}

TEST_CASE_FIXTURE(Slow, "after that it is named every five minutes") {
    due(seconds(60));
    CHECK(due(seconds(299)).empty());
    CHECK(due(minutes(5)) == Lines{"still running after 5 min: test_x on gw1"});
    CHECK(due(minutes(9)).empty());
    CHECK(due(minutes(10)) == Lines{"still running after 10 min: test_x on gw1"});
}

TEST_CASE_FIXTURE(Slow, "a test that has finished, or whose slot is gone, is not named") {
    SUBCASE("finished") { tests.add(start, TestFinished{.test = {"test_x"}, .worker = "gw1"}); }
    SUBCASE("gone") { tests.add(start, WorkerDown{"gw1", "crashed"}); }
    CHECK(due(std::chrono::hours(1)).empty());
}

TEST_CASE_FIXTURE(Slow, "each slot has a test and a time of its own") {
    tests.add(start + seconds(30), TestStarted{"test_a.py", {"test_y"}, "gw0"});
    CHECK(due(seconds(60)).size() == 1);
    CHECK(due(seconds(90)) == Lines{"still running after 60 s: test_y on gw0"});
    tests.add(start + seconds(91), TestStarted{"test_a.py", {"test_z"}, "gw0"});
    CHECK(due(seconds(150)).empty());
}
