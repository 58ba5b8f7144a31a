#include "shared/event_json.hpp"

#include <doctest/doctest.h>

using namespace xgrid;

namespace {

TestFinished failed() {
    TestFinished event{.test = {.id = "x", .occurrence = 1}, .worker = "gw0"};
    event.result = {.outcome = Outcome::failed, .seconds = {0.5, 0.25, 0}};
    event.result.details = Details{
        .phases = {{.when = "call", .category = "failed", .text = "trace", .message = "why"}},
        .sections = {{"Captured stdout call", "said"}}};
    return event;
}

}  // namespace

TEST_CASE("a test's event says what became of it") {
    CHECK(event_json(failed(), {.environment = "here"}) ==
          R"({"event":"test_finished","id":"x","occurrence":1,"outcome":"failed","worker":"gw0",)"
          R"("environment":"here","duration":0.75,"attempt":1,"crashed":false,"message":"why"})");
}

TEST_CASE("whole events have tracebacks and output") {
    const std::string text = event_json(failed(), {.whole = true});
    CHECK(text.ends_with(
        R"("seconds":[0.5,0.25,0.0],"phases":[{"when":"call","category":"failed",)"
        R"("message":"why","text":"trace"}],"sections":[["Captured stdout call","said"]]})"));
}

TEST_CASE("a failure that runs again says which attempt it was, and why there is another") {
    TestFailing event{.test = {"x"}, .worker = "gw0", .attempt = 2, .retried = true};
    event.result = failed().result;
    CHECK(event_json(event, {.environment = "here"}) ==
          R"({"event":"test_failing","id":"x","outcome":"failed","worker":"gw0",)"
          R"("environment":"here","duration":0.75,"attempt":2,"retried":true,"crashed":false,)"
          R"("message":"why"})");
}

TEST_CASE("when it was heard of comes last, in seconds") {
    CHECK(event_json(NoteSeen{"gw0", "hi"}, {.at = 1.5}) ==
          R"({"event":"note","worker":"gw0","text":"hi","at":1.5})");
}

TEST_CASE("an environment that nobody knows is null, and bytes that are no text are replaced") {
    const std::string text = event_json(WorkerDown{"gw0", "\xff"}, {});
    CHECK(text ==
          "{\"event\":\"worker_down\",\"worker\":\"gw0\",\"environment\":null,"
          "\"reason\":\"\xef\xbf\xbd\"}");
}

TEST_CASE("of the end, which is told with its counts, there is no object") {
    CHECK(event_json(RunFinished{}, {}).empty());
    CHECK(event_json(UnitsKnown{}, {}).empty());
}
