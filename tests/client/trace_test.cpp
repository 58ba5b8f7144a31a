#include "client/trace.hpp"

#include <chrono>

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

using std::chrono::milliseconds;

const Instant start = Instant() + std::chrono::hours(1);

struct Heard {
    int after;  // milliseconds
    Event event;
};

std::string trace_of(const std::vector<Heard>& events, bool ends = true) {
    Trace trace{EnvironmentNames()};
    std::string text = trace.begin(start);
    for (const auto& [after, event] : events) {
        text += trace.add(start + milliseconds(after), event, Tally());
    }
    return ends ? text + trace.end(start, Tally(), 0) : text;
}

TestFinished took(const std::string& id, std::array<double, 3> seconds) {
    TestFinished event{.test = {.id = id}, .worker = "gw0"};
    event.result.seconds = seconds;
    return event;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("hosts are processes, slots their threads, tests slices with their phases below") {
    const std::string text = trace_of({{1, WorkerUp{.worker = "gw0", .host = "there"}},
                                       {5, TestStarted{.test = {"x"}, .worker = "gw0"}},
                                       {9, took("x", {0.001, 0.002, 0})}});
    CHECK(contains(text,
                   R"({"name":"process_name","ph":"M","pid":1,"tid":0,"args":{"name":"there"}})"));
    CHECK(
        contains(text, R"({"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"gw0"}})"));
    CHECK(contains(
        text,
        R"({"name":"x","cat":"test","ph":"X","ts":5000.0,"dur":3000.0,"pid":1,"tid":1,"args":{"outcome":"passed")"));
    CHECK(contains(
        text,
        R"({"name":"setup","cat":"phase","ph":"X","ts":5000.0,"dur":1000.0,"pid":1,"tid":1})"));
    CHECK(contains(text, R"({"name":"call","cat":"phase","ph":"X","ts":6000.0,"dur":2000.0)"));
    CHECK_FALSE(contains(text, "teardown"));
}

TEST_CASE("tests that are heard of at once stand one behind the other") {
    const std::string text = trace_of({{10, took("a", {0, 0.004, 0})},
                                       {10, took("b", {0, 0.004, 0})},
                                       {30, took("c", {0, 0.004, 0})}});
    CHECK(contains(text, R"("name":"a","cat":"test","ph":"X","ts":6000.0)"));
    CHECK(contains(text, R"("name":"b","cat":"test","ph":"X","ts":10000.0)"));
    CHECK(contains(text, R"("name":"c","cat":"test","ph":"X","ts":26000.0)"));
}

TEST_CASE("a test that runs again is a slice for each time") {
    TestFailing failing{.test = {"x"}, .worker = "gw0"};
    failing.result.outcome = Outcome::failed;
    failing.result.seconds = {0, 0.001, 0};
    const std::string text = trace_of({{1, failing}, {9, took("x", {0, 0.001, 0})}});
    CHECK(contains(text, R"("outcome":"failed","environment":"local","attempt":"runs again")"));
    CHECK(contains(text, R"("outcome":"passed","environment":"local","attempt":"last")"));
}

TEST_CASE("it is a JSON array, and without its last bracket a bracket short of one") {
    const std::vector<Heard> events = {{1, took("\"\xff\n", {0, 1, 0})},
                                       {2, WorkerDown{"gw0", "gone"}}};
    const std::string whole = trace_of(events);
    CHECK(whole.starts_with("[\n{"));
    CHECK(whole.ends_with("}\n]\n"));
    CHECK(contains(whole, "\"name\":\"\\\"\xef\xbf\xbd\\n\""));
    CHECK(contains(whole, "slot lost: gone"));
    CHECK(trace_of(events, false).ends_with("}"));  // no comma: a bracket is all that is missing
}

TEST_CASE("a crash takes from its test's start to the news of it") {
    TestFinished crash = took("x", {0, 0, 0});
    crash.result.crashed = true;
    const std::string text =
        trace_of({{5, TestStarted{.test = {"x"}, .worker = "gw0"}}, {25, crash}});
    CHECK(contains(text, R"("name":"x","cat":"test","ph":"X","ts":5000.0,"dur":20000.0)"));
}

TEST_CASE("a test that no slot ran is no slice") {
    CHECK_FALSE(contains(trace_of({{1, TestFinished{.test = {"x"}}}}), "\"x\""));
}
