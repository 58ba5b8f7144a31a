#include "broker/page_json.hpp"

#include <nlohmann/json.hpp>

#include <doctest/doctest.h>

#include "shared/values.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

TestFinished finished(const std::string& id, const std::string& output = "") {
    TestFinished event{.unit = "a", .test = {id}, .worker = "gw0"};
    if (!output.empty()) {
        event.result.details.emplace();
        event.result.details->sections = {{"Captured stdout call", output}};
    }
    return event;
}

EventsGiven given() {
    return {.run = "abc",
            .environments = {"py3", "py4"},
            .each = true,
            .tree = "4b",
            .first = 7,
            .events = {finished("x"), finished("y"), RunFinished{RunEnd::cancelled, 2, "why"}},
            .times = {0, 1500, 2000},
            .over = true};
}

nlohmann::json read(const RunPart& part) { return nlohmann::json::parse(part.json); }

}  // namespace

TEST_CASE("a part of a run says where it is among all, and whose") {
    const RunPart part = run_part(given(), 7);
    CHECK(part.next == 10);
    CHECK(part.events == 3);
    CHECK(part.last);
    const auto json = read(part);
    CHECK(json["run"] == "abc");
    CHECK(json["environments"] == std::vector<std::string>{"py3", "py4"});
    CHECK(json["first"] == 7);
    CHECK(json["next"] == 10);
    REQUIRE(json["events"].size() == 3);
    CHECK(json["events"][1]["id"] == "y");
    CHECK(json["events"][1]["environment"] == "py3");
    CHECK(json["events"][1]["at"] == 1.5);
    CHECK(json["events"][2]["event"] == "run_finished");
    CHECK(json["events"][2]["end"] == "cancelled");
    CHECK(json["events"][2]["at"] == 2);
}

TEST_CASE("events that were not asked for are left out") {
    CHECK(read(run_part(given(), 9))["events"].size() == 1);
    CHECK(run_part(given(), 99).events == 0);
    CHECK(run_part(given(), 99).next == 10);
    EventsGiven more = given();
    more.more = true;
    CHECK(!run_part(more, 7).last);
}

TEST_CASE("a start is left out if its end is there, and told if it is not") {
    EventsGiven some = given();
    const TestStarted x{.unit = "a", .test = {"x"}, .worker = "gw0"};
    const TestStarted z{.unit = "a", .test = {"z"}, .worker = "gw0"};
    some.events = {x, z, finished("x"), x};
    const auto json = read(run_part(some, 7));
    REQUIRE(json["events"].size() == 3);
    CHECK(json["events"][0]["id"] == "z");
    CHECK(json["events"][1]["event"] == "test_finished");
    CHECK(json["events"][2]["event"] == "test_started");  // it runs again
    CHECK(json["next"] == 11);
}

TEST_CASE("what the journal has is read, and damage is no end of the world") {
    EventsGiven kept = given();
    kept.kept = to_bytes(kept.events);
    kept.kept_times = to_bytes(std::vector<std::uint32_t>{1000, 2000, 3000});
    kept.events.clear();
    kept.times.clear();
    CHECK(read(run_part(kept, 7))["events"][0]["at"] == 1);
    kept.kept_times = "\xc1";
    CHECK(!read(run_part(kept, 7))["events"][0].contains("at"));
    kept.kept = "\xc1";
    CHECK(read(run_part(kept, 7))["events"].empty());
}

TEST_CASE("whatever a test printed stays within its line of the stream") {
    EventsGiven hostile = given();
    hostile.events = {finished("x\n\nid: 99\ndata: {}", "</script>\r\n\ndata: \xff\xfe\x00")};
    const RunPart part = run_part(hostile, 7);
    CHECK(part.json.find('\n') == std::string::npos);
    CHECK(part.json.find('\r') == std::string::npos);
    CHECK(read(part)["events"][0]["id"] == "x\n\nid: 99\ndata: {}");
    CHECK(sent_event(8, "{}") == "id: 8\ndata: {}\n\n");
}
