#include "worker/starts.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker;

namespace {

const Instant start = Instant() + std::chrono::hours(1);

}  // namespace

TEST_CASE("one project whose slots cannot start takes no worker out") {
    Starts starts;
    for (int i = 0; i < 20; ++i) starts.fail(start, "run", "no python9");
    CHECK(starts.trouble(start).empty());
}

TEST_CASE("a worker where no slot starts for several projects is out for a while") {
    Starts starts;
    for (const char* run : {"a", "b", "c"}) starts.fail(start, run, "no python\nat all");
    CHECK(starts.trouble(start) ==
          "no slot could start for 3 projects one after the other: no python; it is tried again "
          "after "
          "30 s");
    CHECK(starts.trouble(start + Starts::pause_least).empty());
}

TEST_CASE("one more project is enough after that, and the pause grows") {
    Starts starts;
    for (const char* run : {"a", "b", "c"}) starts.fail(start, run, "no python");
    const Instant back = start + Starts::pause_least;
    starts.fail(back, "d", "no python");
    CHECK(!starts.trouble(back + 2 * Starts::pause_least - Duration(1)).empty());
    CHECK(starts.trouble(back + 2 * Starts::pause_least).empty());
}

TEST_CASE("a slot that starts clears the host") {
    Starts starts;
    for (const char* run : {"a", "b"}) starts.fail(start, run, "no python");
    starts.succeed();
    for (const char* run : {"c", "d"}) starts.fail(start, run, "no python");
    CHECK(starts.trouble(start).empty());
}
