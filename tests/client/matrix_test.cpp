#include "client/matrix.hpp"

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

using Kind = MatrixGroup::Kind;
using Where = std::vector<std::uint32_t>;
using Tests = std::vector<TestName>;

Matrix matrix_of(std::size_t environments, const std::vector<Event>& events) {
    Matrix matrix(environments);
    for (const Event& event : events) matrix.add(event);
    return matrix;
}

}  // namespace

TEST_CASE("what failed in all environments is one list") {
    const Matrix matrix =
        matrix_of(2, {went(0, "a", Outcome::failed), went(1, "a", Outcome::error),
                      went(0, "b", Outcome::failed), went(1, "b", Outcome::failed),
                      went(0, "c", Outcome::passed), went(1, "c", Outcome::passed)});
    const auto groups = matrix.groups();
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].kind == Kind::failed_everywhere);
    CHECK(groups[0].tests == Tests{{"a"}, {"b"}});
}

TEST_CASE("tests that failed in the same environments stand together") {
    const Matrix matrix =
        matrix_of(3, {went(0, "a", Outcome::failed), went(1, "a", Outcome::passed),
                      went(2, "a", Outcome::skipped), went(0, "b", Outcome::failed),
                      went(1, "b", Outcome::xfailed), went(2, "b", Outcome::skipped),
                      went(0, "c", Outcome::passed), went(1, "c", Outcome::failed),
                      went(2, "c", Outcome::passed)});
    const auto groups = matrix.groups();
    REQUIRE(groups.size() == 2);
    CHECK(groups[0].kind == Kind::failed_somewhere);
    CHECK(groups[0].tests == Tests{{"a"}, {"b"}});
    CHECK(groups[0].where(Cell::failed) == Where{0});
    CHECK(groups[0].where(Cell::passed) == Where{1});
    CHECK(groups[0].where(Cell::skipped) == Where{2});
    CHECK(groups[1].tests == Tests{{"c"}});
}

TEST_CASE("a teardown that went wrong later is a failure there") {
    Matrix matrix = matrix_of(2, {went(0, "a", Outcome::passed), went(1, "a", Outcome::passed)});
    CHECK(matrix.groups().empty());
    matrix.add(TeardownFailed{.unit = "test_a.py", .test = {"a"}, .environment = 1});
    REQUIRE(matrix.groups().size() == 1);
    CHECK(matrix.groups()[0].where(Cell::failed) == Where{1});
}

TEST_CASE("a test that only some environments have is a difference, and no failure") {
    const Matrix matrix =
        matrix_of(2, {loaded_in(0, {"a", "b"}), loaded_in(1, {"a"}), went(0, "a", Outcome::passed),
                      went(1, "a", Outcome::passed), went(0, "b", Outcome::passed)});
    const auto groups = matrix.groups();
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].kind == Kind::found_somewhere);
    CHECK(groups[0].where(Cell::absent) == Where{1});
    CHECK(groups[0].tests == Tests{{"b"}});
}

TEST_CASE("what was not run somewhere is not said to be missing there") {
    Matrix matrix = matrix_of(2, {loaded_in(0, {"a"}), went(0, "a", Outcome::passed)});
    CHECK(matrix.groups().empty());
    matrix.add(EnvironmentEnded{.environment = 1, .end = RunEnd::grid_failed, .reason = "gone"});
    CHECK(matrix.groups().empty());
    matrix.add(went(0, "a", Outcome::failed));
    REQUIRE(matrix.groups().size() == 1);
    CHECK(matrix.groups()[0].kind == Kind::failed_somewhere);
    CHECK(matrix.groups()[0].where(Cell::open) == Where{1});
}

TEST_CASE("a unit that an environment does not have at all is missing there once that is done") {
    Matrix matrix = matrix_of(2, {loaded_in(0, {"a"}), went(0, "a", Outcome::passed)});
    matrix.add(EnvironmentEnded{.environment = 1});
    REQUIRE(matrix.groups().size() == 1);
    CHECK(matrix.groups()[0].where(Cell::absent) == Where{1});
}

TEST_CASE("a unit that could not be collected stands for its tests") {
    const Matrix matrix = matrix_of(
        2, {loaded_in(0, {"a", "b"}), loaded_in(1, {"test_a.py"}), went(0, "a", Outcome::passed),
            went(0, "b", Outcome::passed), went(1, "test_a.py", Outcome::error),
            EnvironmentEnded{.environment = 0}, EnvironmentEnded{.environment = 1}});
    const auto groups = matrix.groups();
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].tests == Tests{{"test_a.py"}});
    CHECK(groups[0].where(Cell::failed) == Where{1});
    CHECK(groups[0].where(Cell::passed) == Where{0});
}

TEST_CASE("differences are the lines that no environment on one side shares with the other") {
    const Matrix matrix = matrix_of(
        4, {up_in(0, {{"python", "3.9.2"}, {"os", "A"}, {"pytest-cov", "1"}, {"machine", "m"}}),
            up_in(1, {{"python", "3.9.4"}, {"os", "A"}, {"machine", "m"}, {"pytest-cov", "1"}}),
            up_in(2, {{"python", "3.11.2"}, {"os", "A"}, {"machine", "n"}}),
            up_in(3, {{"python", "3.12.0"}, {"os", "B"}, {"machine", "m"}}),
            went(0, "a", Outcome::failed), went(1, "a", Outcome::failed),
            went(2, "a", Outcome::passed), went(3, "a", Outcome::passed)});
    const auto groups = matrix.groups();
    REQUIRE(groups.size() == 1);
    CHECK(matrix.differences(groups[0]) ==
          std::vector<Difference>{{"python", {"3.9.2", "3.9.4"}, {"3.11.2", "3.12.0"}},
                                  {"pytest-cov", {"1"}, {"none"}}});
}

TEST_CASE("environments that are alike have no differences, and strange numbers do no harm") {
    Matrix matrix = matrix_of(
        2, {up_in(0, {{"python", "3"}}), up_in(1, {{"python", "3"}}), went(0, "a", Outcome::failed),
            went(1, "a", Outcome::passed), up_in(9, {}), loaded_in(9, {"z"}),
            went(9, "z", Outcome::failed), EnvironmentEnded{.environment = 9}});
    const auto groups = matrix.groups();
    REQUIRE(groups.size() == 1);
    CHECK(matrix.differences(groups[0]).empty());
}
