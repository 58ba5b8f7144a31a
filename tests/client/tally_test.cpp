#include "client/tally.hpp"

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

Tally tally_of(const RunSpec& spec, const std::vector<Event>& events) {
    Tally tally(spec);
    for (const Event& event : events) tally.add(event);
    return tally;
}

int code_of(const RunSpec& spec, const std::vector<Event>& events) {
    return tally_of(spec, events).exit_code(false);
}

}  // namespace

TEST_CASE("under each a test counts in each environment") {
    const Tally tally =
        tally_of(each_of({"a", "b"}), {loaded_in(0, {"x", "y"}), went(0, "x", Outcome::passed),
                                       loaded_in(1, {"x", "y"}), went(1, "x", Outcome::failed)});
    CHECK(tally.count("passed") == 1);
    CHECK(tally.count("failed") == 1);
    CHECK(tally.tests_finished() == 2);
    CHECK(tally.environments()[0].count("passed") == 1);
    CHECK(tally.environments()[1].count("failed") == 1);
}

TEST_CASE("an environment that has loaded nothing yet counts as the largest") {
    Tally tally = tally_of(each_of({"a", "b"}),
                           {UnitsKnown{.units = 1, .all = true}, loaded_in(0, {"x", "y", "z"})});
    CHECK(tally.tests_expected() == 6);
    CHECK_FALSE(tally.tests_certain());
    tally.add(EnvironmentEnded{1, RunEnd::grid_failed, 3, "gone"});
    CHECK(tally.tests_expected() == 3);
    CHECK(tally.tests_certain());
}

TEST_CASE("no more tests finish than are expected") {
    const Tally tally = tally_of(each_of({"a", "b"}),
                                 {went(0, "x", Outcome::passed), went(1, "x", Outcome::passed)});
    CHECK(tally.tests_expected() >= tally.tests_finished());
}

TEST_CASE("under each a lost environment fails the run, whatever the others' tests say") {
    const EnvironmentEnded lost{1, RunEnd::grid_failed, 3, "gone"};
    const RunSpec each = each_of({"a", "b"});
    CHECK(code_of(each, {went(0, "x", Outcome::passed), lost, RunFinished{}}) == 3);
    CHECK(code_of(each, {went(0, "x", Outcome::failed), lost, RunFinished{}}) == 3);
    CHECK(code_of(each, {lost, RunFinished{RunEnd::cancelled, 2, "interrupted"}}) == 2);
}

TEST_CASE("otherwise their tests say it") {
    RunSpec load = each_of({"a", "b"});
    load.each = false;
    const EnvironmentEnded lost{1, RunEnd::grid_failed, 3, "gone"};
    CHECK(code_of(load, {went(0, "x", Outcome::passed), lost, RunFinished{}}) == 0);
    CHECK(code_of(load, {went(0, "x", Outcome::failed), lost, RunFinished{}}) == 1);
    CHECK(code_of(load, {lost, RunFinished{RunEnd::grid_failed, 3, "gone"}}) == 3);
}

TEST_CASE("under each an environment that would not begin has its own code") {
    const RunSpec each = each_of({"a", "b"});
    const EnvironmentEnded refused{1, RunEnd::refused, 4, "no such option"};
    CHECK(code_of(each, {went(0, "x", Outcome::passed), refused, RunFinished{}}) == 4);
}

TEST_CASE("a test that failed in any environment fails the run, and no tests anywhere are 5") {
    const RunSpec each = each_of({"a", "b"});
    CHECK(code_of(each, {went(0, "x", Outcome::passed), went(1, "x", Outcome::failed),
                         RunFinished{}}) == 1);
    CHECK(code_of(each, {went(0, "x", Outcome::passed), RunFinished{}}) == 0);
    CHECK(code_of(each, {EnvironmentEnded{0}, EnvironmentEnded{1}, RunFinished{}}) == 5);
}

TEST_CASE("numbers that are no environment's do no harm") {
    const Tally tally = tally_of(each_of({"a", "b"}), {went(7, "x", Outcome::passed)});
    CHECK(tally.count("passed") == 1);
}
