#include "worker/watch.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker;

namespace {

const Instant start = Instant() + std::chrono::hours(1);
using std::chrono::seconds;

// A slot with a limit of 2 s, that began its session and runs a unit.
struct Watched {
    Watch watch{start, seconds(2)};

    Watched() {
        watch.turns_to(start, JobKind::unit);
        watch.hears(start, TestsFound{});
    }
    std::string end_at(seconds after) { return watch.advance(start + after).end; }
};

}  // namespace

TEST_CASE("a slot without a limit may take as long as it likes") {
    Watch watch(start, seconds(0));
    watch.turns_to(start, JobKind::unit);
    watch.hears(start, Started{0});
    CHECK(watch.next_deadline() == never);
    CHECK(watch.advance(start + std::chrono::hours(100)).end.empty());
}

TEST_CASE_FIXTURE(Watched, "a test has its limit, and as long again to tear down") {
    watch.hears(start, Started{0});
    CHECK(watch.next_deadline() == start + seconds(4));
    CHECK(end_at(seconds(3)).empty());
    CHECK(end_at(seconds(4)) == "timed out after 2 s and did not stop");
    CHECK(watch.next_deadline() == never);
}

TEST_CASE("the grace after a long limit is 5 s") {
    Watch watch(start, seconds(60));
    watch.turns_to(start, JobKind::unit);
    watch.hears(start, Started{0});
    CHECK(watch.next_deadline() == start + seconds(65));
}

TEST_CASE_FIXTURE(Watched, "each test has a limit of its own") {
    watch.hears(start, Started{0});
    watch.hears(start + seconds(3), Finished{0, {}});
    watch.hears(start + seconds(3), Started{1});
    CHECK(watch.next_deadline() == start + seconds(7));
}

TEST_CASE_FIXTURE(Watched, "a test may have a limit of its own, which the next one has not") {
    watch.hears_limit(seconds(30));
    watch.hears(start, Started{0});
    CHECK(watch.next_deadline() == start + seconds(35));
    watch.hears(start + seconds(3), Finished{0, {}});
    CHECK(watch.next_deadline() == start + seconds(7));
    watch.hears_limit(seconds(0));
    watch.hears(start + seconds(3), Started{1});
    CHECK(watch.next_deadline() == never);
    watch.hears(start + seconds(4), Finished{1, {}});
    watch.hears(start + seconds(4), Started{2});
    CHECK(end_at(seconds(8)) == "timed out after 2 s and did not stop");
}

TEST_CASE("a test's own limit holds where others have none") {
    Watch watch(start, seconds(0));
    watch.turns_to(start, JobKind::unit);
    watch.hears_limit(seconds(1));
    watch.hears(start, Started{0});
    CHECK(watch.advance(start + seconds(2)).end == "timed out after 1 s and did not stop");
}

TEST_CASE_FIXTURE(Watched, "what a test prints does not prolong it") {
    watch.hears(start, Started{0});
    watch.hears(start + seconds(3), Printed{Stream::out, "still here"});
    watch.hears_life(start + seconds(3));
    CHECK(watch.next_deadline() == start + seconds(4));
}

TEST_CASE("loading and listing may go on while they come further") {
    Watch watch(start, seconds(2));
    watch.turns_to(start, JobKind::enumerate);
    watch.hears(start + seconds(3), UnitsNamed{{"a"}});
    watch.hears_life(start + seconds(6));
    CHECK(watch.next_deadline() == start + seconds(10));
    CHECK(watch.advance(start + seconds(10)).end == "timed out after 2 s and did not stop");
}

TEST_CASE("a session may take longer to begin and to finish than a test") {
    Watch watch(start, seconds(2));
    CHECK(watch.starting());
    CHECK(watch.next_deadline() == start + seconds(34));
    CHECK(watch.advance(start + seconds(34)).end == "did not begin within 34 s");
    Watch other(start, seconds(2));
    other.turns_to(start, JobKind::finish);
    CHECK(other.advance(start + seconds(34)).end == "did not finish within 34 s");
}

TEST_CASE("a slot with nothing to do has no limit") {
    Watched watched;
    watched.watch.idles();
    CHECK(watched.watch.next_deadline() == never);
}

TEST_CASE("a stopped slot is told of soon and once, and ended later") {
    Watch watch(start, seconds(0));
    watch.stops(start);
    CHECK(watch.advance(start + seconds(1)).note.empty());
    CHECK(!watch.advance(start + seconds(2)).note.empty());
    CHECK(watch.advance(start + seconds(3)).note.empty());
    CHECK(watch.advance(start + seconds(10)).end == "was stopped (SIGSTOP) for 10 s");
    CHECK(watch.next_deadline() == never);
}

TEST_CASE("a slot that goes on in time is left alone") {
    Watch watch(start, seconds(0));
    watch.stops(start);
    watch.goes_on();
    CHECK(watch.next_deadline() == never);
    CHECK(watch.advance(start + seconds(60)).end.empty());
}
