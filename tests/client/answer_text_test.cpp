#include "client/answer_text.hpp"

#include <doctest/doctest.h>

#include "shared/answer_json.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

const RunSummary open_run{.run = "ab12cd34ef567890",
                          .order = {.user = "ann", .title = "tests/", .project = "bridge"},
                          .state = RunState::runs,
                          .slots = 2,
                          .slots_wanted = 1,
                          .open = 7,
                          .verdicts = {{Outcome::passed, 3}, {Outcome::failed, 1}},
                          .age = 65};

RunSummary ended(RunEnd end, std::map<Outcome, std::uint64_t> verdicts) {
    return {.run = "run",
            .state = RunState::over,
            .verdicts = std::move(verdicts),
            .end = RunFinished{.end = end}};
}

}  // namespace

TEST_CASE("a run is a line: who, what for, how far") {
    CHECK(text_of(std::vector{open_run}, 0) ==
          "RUN       STATE  USER  PROJECT   SLOTS   AGE  TESTS                       WHAT\n"
          "ab12cd34  runs   ann   bridge   2 of 3  65 s  1 failed, 3 passed, 7 open  tests/\n");
}

TEST_CASE("the state of a run that is over is what came of it") {
    const auto state = [](const RunSummary& run) {
        const std::string text = text_of(std::vector{run}, 0);
        const std::size_t line = text.find('\n') + 1;
        return text.substr(line + 5, text.find("  ", line + 5) - line - 5);
    };
    CHECK(state(ended(RunEnd::completed, {{Outcome::passed, 1}})) == "passed");
    CHECK(state(ended(RunEnd::completed, {{Outcome::error, 1}})) == "failed");
    CHECK(state(ended(RunEnd::cancelled, {{Outcome::passed, 1}})) == "cancelled");
    CHECK(state(ended(RunEnd::grid_failed, {})) == "grid failed");
}

TEST_CASE("a worker is a line: its slots, what it does, and for whom") {
    const std::vector<WorkerSummary> workers = {
        {.name = "anvil",
         .labels = {{"gpu", "yes"}, {"os", "linux"}},
         .slots = 4,
         .used = 1,
         .runs = {"ab12cd34ef567890"}},
        {.name = "b", .slots = 2, .trouble = "its disk is full"},
        {.name = "c", .slots = 2, .silent = 7},
        {.name = "d", .slots = 2, .drains = true}};
    CHECK(text_of(workers, 0) ==
          "WORKER  USED  SLOTS  STATE                   LABELS            RUNS\n"
          "anvil      1      4  works                   gpu=yes os=linux  ab12cd34\n"
          "b          0      2  its disk is full\n"
          "c          0      2  silent for 7 s\n"
          "d          0      2  leaves when it is done\n");
}

TEST_CASE("an overview counts slots and runs, and says what is wanted") {
    const Overview overview{.broker = "tcp://here:1",
                            .version = "0.1",
                            .runs = {open_run, ended(RunEnd::completed, {})},
                            .workers = {{.name = "anvil", .slots = 4, .used = 2}},
                            .wanted = {{{{"gpu", "yes"}}, 2}}};
    const std::string text = text_of(overview, 0);
    CHECK(
        text.starts_with("broker   tcp://here:1, xgrid 0.1\n"
                         "slots    2 of 4 used, on 1 worker\n"
                         "runs     1 runs, 0 wait, 1 over\n"
                         "wanted   2 slots more with gpu=yes\n"));
    CHECK(text.find("ab12cd34") != std::string::npos);
}

TEST_CASE("times are told in the unit that fits") {
    CHECK(rough_time(0.4) == "0 s");
    CHECK(rough_time(119) == "119 s");
    CHECK(rough_time(120) == "2 min");
    CHECK(rough_time(7200) == "2 h");
    CHECK(rough_time(3.0 * 86400) == "3 d");
}

TEST_CASE("programs read runs as JSON") {
    CHECK(json_of(std::vector{ended(RunEnd::completed, {{Outcome::passed, 1}})}) ==
          R"([{"run":"run","state":"over","user":"","host":"","project":"","title":"",)"
          R"("priority":0,"slots":0,"slots_wanted":0,"open":0,"verdicts":{"passed":1},"age":0.0,)"
          R"("followed":false,"took":0.0,"end":"completed","reason":""}])"
          "\n");
    CHECK(json_of(std::vector<WorkerSummary>{}) == "[]\n");
}
