#include "client/json_lines.hpp"

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

std::string lines_of(const RunSpec& spec, const std::vector<Event>& events) {
    JsonLines json({.run = "run", .environments = EnvironmentNames(spec)});
    Tally tally(spec);
    std::string text = json.begin(Instant());
    for (const Event& event : events) {
        tally.add(event);
        text += json.add(Instant(), event, tally);
    }
    return text + json.end(Instant(), tally, 0);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("events say the environment by its name, that of a slot which is gone, too") {
    const RunSpec spec = each_of({"popen", "ssh=b"});
    const std::string text =
        lines_of(spec, {up_in(1, {{"python", "3"}}), went(1, "x", Outcome::passed),
                        WorkerDown{"gw1", "gone"}, WorkerDown{"gw9", "never there"},
                        EnvironmentEnded{1, RunEnd::grid_failed, 3, "why"}});
    CHECK(contains(text, R"("worker":"gw1","environment":"ssh=b","host":"host1")"));
    CHECK(contains(text, R"("fingerprint":{"python":"3"}})"));
    CHECK(contains(text, R"("outcome":"passed","worker":"gw1","environment":"ssh=b")"));
    CHECK(contains(text, R"("worker":"gw1","environment":"ssh=b","reason":"gone")"));
    CHECK(contains(text, R"("worker":"gw9","environment":null,"reason")"));
    CHECK(contains(text, R"({"event":"environment_ended","environment":"ssh=b",)"
                         R"("end":"grid_failed","exit_code":3,"reason":"why","at":0.0})"));
}

TEST_CASE("an environment where a test failed has ended with 1") {
    const std::string text =
        lines_of(each_of({"a", "b"}), {went(0, "x", Outcome::failed), went(1, "x", Outcome::passed),
                                       EnvironmentEnded{0, RunEnd::completed, 0, ""},
                                       EnvironmentEnded{1, RunEnd::completed, 0, ""}});
    CHECK(contains(text, R"("environment":"a","end":"completed","exit_code":1,)"));
    CHECK(contains(text, R"("environment":"b","end":"completed","exit_code":0,)"));
}

TEST_CASE("where there is one environment, it is local") {
    const std::string text = lines_of({}, {went(0, "x", Outcome::passed)});
    CHECK(contains(text, R"("environment":"local")"));
    CHECK_FALSE(contains(text, "matrix"));
}

TEST_CASE("the matrix comes whole, before the run's last event") {
    const std::string text = lines_of(
        each_of({"a", "b"}), {up_in(0, {{"python", "2"}}), up_in(1, {{"python", "3"}}),
                              went(0, "x", Outcome::failed), went(1, "x", Outcome::passed)});
    CHECK(contains(text, R"({"event":"matrix","environments":[{"name":"a","counts":{"failed":1},)"
                         R"("end":"completed","reason":"","fingerprint":{"python":"2"}},)"));
    CHECK(contains(
        text, R"("groups":[{"kind":"failed_somewhere","failed":["a"],"passed":["b"],)"
              R"("skipped":[],"absent":[],"known":[],"open":[],"differences":[{"name":"python",)"
              R"("failed":["2"],"passed":["3"]}],"tests":[{"id":"x"}]}]})"));
    CHECK(text.find("\"matrix\"") < text.find("\"run_finished\""));
}
