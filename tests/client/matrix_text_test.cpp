#include "client/matrix_text.hpp"

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

std::string text_of(const RunSpec& spec, const std::vector<Event>& events,
                    const MatrixLimits& limits = {}, std::size_t columns = 80) {
    Tally tally(spec);
    for (const Event& event : events) tally.add(event);
    return matrix_text(tally, EnvironmentNames(spec), Markup(false, columns), limits);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

const std::vector<Event> mixed = {up_in(0, {{"python", "3.9.2"}, {"os", "Debian"}}),
                                  up_in(1, {{"python", "3.11.2"}, {"os", "Debian"}}),
                                  loaded_in(0, {"everywhere", "some"}),
                                  loaded_in(1, {"everywhere", "some", "new"}),
                                  went(0, "everywhere", Outcome::failed),
                                  went(1, "everywhere", Outcome::failed),
                                  went(0, "some", Outcome::failed),
                                  went(1, "some", Outcome::passed),
                                  went(1, "new", Outcome::passed)};

}  // namespace

TEST_CASE("the matrix tells what failed everywhere, what on some and how those differ") {
    CHECK(text_of(each_of({"old", "newer"}), mixed) ==
          "================================= environments =================================\n"
          "old    2 failed\n"
          "newer  1 failed, 2 passed\n"
          "failed everywhere (1 test):\n"
          "  everywhere\n"
          "failed on old, passed on newer (1 test):\n"
          "  some\n"
          "  python: 3.9.2 where failed, 3.11.2 where passed\n"
          "not collected on old, but on newer (1 test):\n"
          "  new\n");
}

TEST_CASE("on a narrow terminal a difference takes more lines") {
    const std::string text = text_of(each_of({"old", "newer"}), mixed, {}, 34);
    CHECK(contains(text,
                   "  python: 3.9.2 where failed,\n"
                   "      3.11.2 where passed\n"));
}

TEST_CASE("a run of one environment, or not of each, has none") {
    CHECK(text_of(each_of({"one"}), mixed).empty());
    RunSpec load = each_of({"a", "b"});
    load.each = false;
    CHECK(text_of(load, mixed).empty());
}

TEST_CASE("an environment that could not be had is there with its reason") {
    const std::string text =
        text_of(each_of({"here", "ssh=there"}),
                {up_in(0, {}), went(0, "a", Outcome::passed),
                 EnvironmentEnded{1, RunEnd::grid_failed, 3, "no such host\n(check its name)"}});
    CHECK(contains(text, "\nhere       1 passed\n"));
    CHECK(contains(text, "\nssh=there  not available: no such host\n"));
}

TEST_CASE("of an environment that could not be had is not said that it has a test") {
    const std::string text =
        text_of(each_of({"a", "b", "gone"}),
                {up_in(0, {}), up_in(1, {}), loaded_in(0, {"x"}), loaded_in(1, {"x", "new"}),
                 went(1, "new", Outcome::passed), EnvironmentEnded{2, RunEnd::refused, 3, "why"}});
    CHECK(contains(text, "not collected on a, but on b, not known on gone (1 test):\n  new\n"));
}

TEST_CASE("an environment that was lost later shows what it had come to") {
    const std::string text =
        text_of(each_of({"here", "there"}),
                {up_in(1, {}), went(1, "a", Outcome::passed),
                 EnvironmentEnded{1, RunEnd::grid_failed, 3, "connection lost"}});
    CHECK(contains(text, "\nthere  1 passed; ended: connection lost\n"));
}

TEST_CASE("environments with equal fingerprints are said to be alike") {
    const std::string text = text_of(
        each_of({"a", "b"}), {up_in(0, {{"python", "3"}}), up_in(1, {{"python", "3"}}),
                              went(0, "x", Outcome::failed), went(1, "x", Outcome::passed)});
    CHECK(contains(text, "  no line of their fingerprints tells these apart\n"));
}

TEST_CASE("what is left out is counted") {
    std::vector<Event> events;
    for (int i = 0; i < 30; ++i) {
        for (const std::uint32_t where : {0U, 1U}) {
            events.emplace_back(went(where, "t" + std::to_string(i), Outcome::failed));
        }
    }
    const std::string text = text_of(each_of({"a", "b"}), events, {.tests = 4});
    CHECK(contains(text, "failed everywhere (30 tests):\n"));
    CHECK(contains(text, "  ... and 26 more\n"));
    CHECK(std::ranges::count(text, '\n') == 9);
    const std::string none = text_of(each_of({"a", "b"}), events, {.groups = 0});
    CHECK(contains(none, "... and 30 tests that went in other ways\n"));
}

TEST_CASE("no line is wider than the terminal, whatever things are called") {
    std::vector<std::string> names;
    for (int i = 0; i < 9; ++i) names.push_back(std::string(20 + 15 * i, 'n') + std::to_string(i));
    std::vector<Event> events;
    for (std::uint32_t i = 0; i < 9; ++i) {
        events.emplace_back(up_in(i, {{"python", std::string(100, i % 2 ? '1' : '2')}}));
        events.emplace_back(
            went(i, std::string(200, 't') + "\x1b[2J", i % 2 ? Outcome::failed : Outcome::passed));
    }
    std::istringstream lines(text_of(each_of(names), events, {}, 40));
    for (std::string line; std::getline(lines, line);) {
        CHECK(width(line) <= 40);
        CHECK_FALSE(contains(line, "\x1b"));
    }
}
