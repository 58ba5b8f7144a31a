#include "client/cache_entries.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

WorkerUp up(std::map<std::string, std::string> settings = {}) {
    WorkerUp event{.worker = "gw0"};
    event.facts.settings = std::move(settings);
    return event;
}

UnitLoaded loaded(const std::string& unit, const std::vector<std::string>& tests) {
    UnitLoaded event{.unit = unit};
    for (const std::string& test : tests) event.tests.push_back({test});
    return event;
}

TestFinished finished(const std::string& unit, const std::string& test, Outcome outcome) {
    TestFinished event{.unit = unit, .test = {test}};
    event.result.outcome = outcome;
    return event;
}

CacheEntries entries(const std::vector<Event>& events) {
    CacheEntries all;
    for (const Event& event : events) all.add(event);
    return all;
}

}  // namespace

TEST_CASE("what failed is remembered, what passed forgotten, and what did not run kept") {
    const CacheEntries all =
        entries({up(), loaded("a", {"a::1", "a::2", "a::3"}),
                 finished("a", "a::1", Outcome::failed), finished("a", "a::2", Outcome::passed)});
    CHECK(all.lastfailed(R"({"a::2": true, "b::1": true})") ==
          "{\n  \"b::1\": true,\n  \"a::1\": true\n}");
    CHECK(all.lastfailed("no JSON") == "{\n  \"a::1\": true\n}");
    CHECK(all.nodeids(R"(["z::1", 3])") ==
          "[\n  \"a::1\",\n  \"a::2\",\n  \"a::3\",\n  \"z::1\"\n]");
}

TEST_CASE("the tests of a file that can be collected again stand for it") {
    CHECK(entries({up(), loaded("a", {"a::1"})}).lastfailed(R"({"a": true})") ==
          "{\n  \"a::1\": true\n}");
    TestFinished broken = finished("a", "a", Outcome::error);
    broken.result.details = Details{.phases = {{.when = "collect"}}};
    const CacheEntries all = entries({up(), loaded("a", {"a"}), broken});
    CHECK(all.lastfailed("") == "{\n  \"a\": true\n}");
    CHECK(all.nodeids("") == "[]");
}

TEST_CASE("stepwise goes on with the first test in order that has yet to pass") {
    const std::vector<Event> events = {up({{"stepwise", "yes"}}),
                                       UnitsKnown{2, true, {"a", "b"}},
                                       loaded("b", {"b::1"}),
                                       loaded("a", {"a::1", "a::2"}),
                                       finished("a", "a::1", Outcome::passed),
                                       finished("b", "b::1", Outcome::failed),
                                       RunFinished{RunEnd::exit_asked, 2}};
    CHECK(entries(events).stepwise("null") == "\"a::2\"");
    CHECK(entries({up({{"stepwise", "yes"}})}).stepwise("\"a::1\"") == "\"a::1\"");
    CHECK(entries({up()}).stepwise("\"a::1\"") == "[]");
}

TEST_CASE("where each environment has verdicts, a test has failed that failed in any") {
    const auto in = [](std::uint32_t environment, auto event) {
        event.environment = environment;
        return event;
    };
    const CacheEntries all = entries(
        {up({{"stepwise", "yes"}}), in(0, UnitsKnown{1, true, {"a"}}),
         in(1, UnitsKnown{1, true, {"a"}}), in(0, loaded("a", {"a::1", "a::2"})),
         in(1, loaded("a", {"a::2", "a::3"})), in(0, finished("a", "a::1", Outcome::passed)),
         in(0, finished("a", "a::2", Outcome::failed)),
         in(1, finished("a", "a::2", Outcome::passed)),
         in(1, finished("a", "a::3", Outcome::passed)), RunFinished{}});
    CHECK(all.lastfailed(R"({"a::3": true})") == "{\n  \"a::2\": true\n}");
    CHECK(all.nodeids("") == "[\n  \"a::1\",\n  \"a::2\",\n  \"a::3\"\n]");
    CHECK(all.stepwise("") == "\"a::2\"");
}
