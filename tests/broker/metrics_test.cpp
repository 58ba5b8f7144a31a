#include "broker/metrics.hpp"

#include <sstream>
#include <vector>

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

namespace {

std::vector<std::string> lines_with(const Snapshot& snapshot, const std::string& part) {
    std::vector<std::string> found;
    std::istringstream text(metrics_text(snapshot));
    for (std::string line; std::getline(text, line);) {
        if (line.find(part) != std::string::npos) found.push_back(line);
    }
    return found;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("each metric is told of once, with its kind, before its samples") {
    std::istringstream text(metrics_text({.wanted = {{{{"gpu", "yes"}}, 2}}}));
    std::string name;
    std::size_t families = 0;
    for (std::string line; std::getline(text, line);) {
        CAPTURE(line);
        if (line.starts_with("# HELP xgrid_")) {
            name = line.substr(7, line.find(' ', 7) - 7);
            CHECK(line.ends_with('.'));
            std::getline(text, line);
            CHECK(line.starts_with("# TYPE " + name + " "));
            ++families;
        } else {
            CHECK(line.starts_with(name));
            CHECK(line.find_last_of(' ') != std::string::npos);
        }
    }
    CHECK(families > 15);
    CHECK(metrics_text({}).ends_with('\n'));
}

TEST_CASE("buckets hold what the smaller ones do, and the last one all") {
    Snapshot snapshot;
    Histogram& turn = snapshot.loop.turn;
    turn.observe(std::chrono::milliseconds(1));  // at a bound: within it
    turn.observe(std::chrono::milliseconds(2));
    turn.observe(std::chrono::hours(1));
    turn.observe(Duration(-5));  // clocks that went back are no reason to fail
    const Lines lines = lines_with(snapshot, "xgrid_loop_turn_seconds_");
    REQUIRE(lines.size() == Histogram::bounds.size() + 3);
    CHECK(lines[0] == R"(xgrid_loop_turn_seconds_bucket{le="1e-05"} 1)");
    CHECK(lines[3] == R"(xgrid_loop_turn_seconds_bucket{le="0.0005"} 1)");
    CHECK(lines[4] == R"(xgrid_loop_turn_seconds_bucket{le="0.001"} 2)");
    CHECK(lines[5] == R"(xgrid_loop_turn_seconds_bucket{le="0.0025"} 3)");
    CHECK(lines[Histogram::bounds.size() - 1] == R"(xgrid_loop_turn_seconds_bucket{le="1800"} 3)");
    CHECK(lines[Histogram::bounds.size()] == R"(xgrid_loop_turn_seconds_bucket{le="+Inf"} 4)");
    CHECK(lines[Histogram::bounds.size() + 1].starts_with("xgrid_loop_turn_seconds_sum 3600.003"));
    CHECK(lines[Histogram::bounds.size() + 2] == "xgrid_loop_turn_seconds_count 4");
}

TEST_CASE("what stands in a label cannot leave it") {
    CHECK(label_value("plain") == "plain");
    CHECK(label_value("a\"} 1\nxgrid_evil 2\\") == R"(a\"} 1\nxgrid_evil 2\\)");
    CHECK(label_value("\xC3\xA4\x01\xFF") == "????");
    const Snapshot hostile = {.workers = {{.labels = {{"x", "\"} 9\nxgrid_evil 1"}}, .slots = 1}}};
    for (const std::string& line : lines_with(hostile, "evil")) {
        CHECK(line.starts_with("xgrid_label_slots"));
    }
}

TEST_CASE("slots are told in all and by label, workers by what they do") {
    const Snapshot team = {
        .workers = {{.labels = {{"os", "linux"}, {"gpu", "yes"}}, .slots = 4, .used = 3},
                    {.labels = {{"os", "linux"}}, .slots = 2, .used = 1, .trouble = "full"},
                    {.slots = 1, .drains = true}},
        .wanted = {{{{"gpu", "yes"}, {"os", "linux"}}, 2}, {{}, 5}}};
    CHECK(lines_with(team, "xgrid_workers{") == Lines{R"(xgrid_workers{state="draining"} 1)",
                                                      R"(xgrid_workers{state="serving"} 1)",
                                                      R"(xgrid_workers{state="trouble"} 1)"});
    CHECK(lines_with(team, "xgrid_slots ").back() == "xgrid_slots 7");
    CHECK(lines_with(team, "xgrid_slots_used ").back() == "xgrid_slots_used 4");
    CHECK(lines_with(team, "xgrid_label_slots{") ==
          Lines{R"(xgrid_label_slots{label="gpu",value="yes"} 4)",
                R"(xgrid_label_slots{label="os",value="linux"} 6)"});
    CHECK(lines_with(team, "xgrid_slots_wanted{") ==
          Lines{R"(xgrid_slots_wanted{labels="gpu=yes os=linux"} 2)",
                R"(xgrid_slots_wanted{labels=""} 5)"});
}

TEST_CASE("what never happened is told as none, so that rates begin at once") {
    CHECK(lines_with({}, R"(outcome="xpassed")") ==
          Lines{R"(xgrid_tests_total{outcome="xpassed"} 0)"});
    CHECK(lines_with({}, R"(end="grid_failed")") ==
          Lines{R"(xgrid_runs_over_total{end="grid_failed"} 0)"});
}
