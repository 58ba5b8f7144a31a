#include "client/watch_text.hpp"

#include <algorithm>

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

Overview busy(std::size_t runs, std::size_t workers) {
    Overview overview{.broker = "tcp://here:1", .version = "0.1"};
    for (std::size_t i = 0; i < runs; ++i) {
        overview.runs.push_back({.run = "run" + std::to_string(i),
                                 .order = {.user = "ann", .title = std::string(200, 't')},
                                 .state = RunState::runs,
                                 .slots = 1,
                                 .open = 7,
                                 .verdicts = {{Outcome::passed, 2}, {Outcome::failed, 1}}});
    }
    for (std::size_t i = 0; i < workers; ++i) {
        overview.workers.push_back({.name = "w" + std::to_string(i), .slots = 4, .used = 1});
    }
    return overview;
}

bool has(const std::vector<std::string>& lines, const std::string& text) {
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a bar is as full as work is done") {
    CHECK(bar(3, 10, 10) == "[###.......] 3/10");
    CHECK(bar(0, 0, 4) == "[....]");
    CHECK(bar(4, 4, 4) == "[####] 4/4");
}

TEST_CASE(
    "a screen has runs with progress, failures and reasons, workers with load, and the rest") {
    Overview overview = busy(1, 1);
    overview.runs.push_back({.run = "old", .state = RunState::over, .took = 4});
    overview.wanted = {{{{"gpu", "yes"}}, 2}};
    overview.why["run0"] = {"no worker has gpu=yes"};
    const auto lines = watch_lines(overview, Markup(false, 120), 40);
    CHECK(has(lines, "xgrid watch: tcp://here:1, xgrid 0.1"));
    CHECK(has(lines, "slots   1 of 4 used, on 1 worker"));
    CHECK(has(lines, "runs    1 runs, 0 wait, 1 over"));
    CHECK(has(lines, "wanted  2 slots more with gpu=yes"));
    CHECK(has(lines, "[###.......] 3/10"));
    CHECK(has(lines, "  no worker has gpu=yes"));
    CHECK(has(lines, "[##........] 1/4"));
    CHECK(has(lines, "old"));
}

TEST_CASE("whatever there is to show fits the screen") {
    for (const std::size_t rows : {1, 5, 8, 12, 24, 50}) {
        for (const std::size_t columns : {20, 40, 80, 132}) {
            Overview overview = busy(30, 30);
            overview.why["run0"] = {std::string(300, 'r')};
            overview.trouble = std::string(300, 'x');
            CAPTURE(rows);
            CAPTURE(columns);
            const auto lines = watch_lines(overview, Markup(false, columns), rows);
            CHECK(lines.size() <= rows);
            for (const std::string& line : lines) CHECK(width(line) <= columns);
        }
    }
    const auto lines = watch_lines(busy(30, 30), Markup(false, 80), 24);
    CHECK(has(lines, "WORKER"));
    CHECK(has(lines, "lines more"));
}

TEST_CASE("that a broker is away is said above what was last known") {
    Overview overview = busy(1, 0);
    overview.trouble = "no broker answers";
    const auto lines = watch_lines(overview, Markup(false, 80), 24);
    CHECK(lines[1] == "no broker answers; trying again");
    CHECK(has(lines, "run0"));
}
