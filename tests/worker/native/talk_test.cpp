// What a slot of programs says is what its worker hears.
#include "worker/frameworks/native/talk.hpp"

#include <set>
#include <string>
#include <variant>

#include <doctest/doctest.h>

#include "worker/frameworks/pytest_lines.hpp"

using namespace xgrid;
using namespace xgrid::worker;
using namespace xgrid::worker::native;

namespace {

std::string without_end(std::string line) {
    REQUIRE(line.ends_with('\n'));
    line.pop_back();
    REQUIRE(line.find('\n') == std::string::npos);
    return line;
}

Fact heard(const Fact& fact) {
    Result<SlotLine> line = read_slot_line(without_end(fact_line(7, fact)));
    REQUIRE(line);
    const auto* said = std::get_if<LineFact>(&*line);
    REQUIRE(said != nullptr);
    CHECK(said->job == 7);
    return said->fact;
}

}  // namespace

TEST_CASE("facts arrive as they were told") {
    Details details{.phases = {{.when = "call",
                                .category = "failed",
                                .letter = "F",
                                .word = "FAILED",
                                .text = "a.cpp:3: bad\n\"quoted\"",
                                .message = "bad",
                                .path = "a.cpp",
                                .line = 3}},
                    .sections = {{"Captured stdout call", "\x01 \xc3\xa9"}},
                    .properties = {{"name", "value"}},
                    .path = "a.cpp",
                    .line = 1,
                    .domain = "A.b"};
    const Fact facts[] = {
        UnitsNamed{{"build/one", "two words"}},
        UnitsNamed{{"a", "b"}, {{}, {.processors = 3, .locks = {"db", "net"}, .serial = true}}},
        TestsFound{.tests = {{"a"}, {"a", 1}}, .deselected = 3},
        TestsFound{.tests = {{"a"}}, .listed = {{0, "a", "a"}}},
        TestsFound{.tests = {{"a"}, {"b"}}, .groups = {"", "g"}},
        Started{5},
        Finished{5, {.outcome = Outcome::failed, .seconds = {0, 1.5, 0}, .details = details}},
        Finished{5, {.outcome = Outcome::error, .crashed = true}},
        Finished{5, {.outcome = Outcome::passed}},
        GaveBack{0, {3, 4}},
        LateTeardown{{"a", 1}, details.phases.front()},
        LateProperties{5, {{"name", "value"}, {"name", "other"}}},
        Noted{"text", true},
        ExitAsked{"reason", 4},
        Ended{.end = End::stopped, .text = "why", .missing = {{"a", 2}}},
        Ended{},
    };
    for (const Fact& fact : facts) CHECK(heard(fact) == fact);
}

TEST_CASE("bytes that are no text do not break a line") {
    const Fact fact = heard(Noted{"\xff\xfe bad \xc3", false});
    CHECK(std::get<Noted>(fact).text.find(" bad ") != std::string::npos);
}

TEST_CASE("what a slot is, and that it cannot be one") {
    const SlotFacts facts{.framework = "commands",
                          .platform = "linux",
                          .root = "/r",
                          .settings = {{"junit_suite_name", "command"}},
                          .fingerprint = {{"machine", "m"}}};
    Result<SlotLine> up = read_slot_line(without_end(up_line(facts)));
    REQUIRE(up);
    CHECK(std::get<LineUp>(*up).facts == facts);
    Result<SlotLine> refused = read_slot_line(without_end(refused_line(4, "no")));
    REQUIRE(refused);
    CHECK(std::get<LineRefused>(*refused).code == 4);
    CHECK(std::holds_alternative<LineAlive>(*read_slot_line(without_end(alive_line()))));
    CHECK(std::get<LineLimit>(*read_slot_line(without_end(limit_line(2.5)))).seconds == 2.5);
}

TEST_CASE("orders arrive as they were given") {
    const JobBody bodies[] = {
        {.kind = JobKind::enumerate},
        {.kind = JobKind::finish},
        {.kind = JobKind::unit, .unit = "u"},
        {.kind = JobKind::unit, .unit = "u", .selection = {Select::only, {{"a"}, {"a", 1}}}},
        {.kind = JobKind::unit, .unit = "u", .selection = {Select::except, {{"b"}}}},
    };
    for (const JobBody& body : bodies) {
        Result<SlotOrder> order = read_slot_order(without_end(job_line(9, body)));
        REQUIRE(order);
        CHECK(order->job == 9);
        CHECK(order->body == body);
        CHECK_FALSE(order->withdrawn);
    }
    Result<SlotOrder> withdrawn = read_slot_order(without_end(withdraw_job_line(3)));
    REQUIRE(withdrawn);
    CHECK(withdrawn->withdrawn);
    CHECK(withdrawn->job == 3);
}

TEST_CASE("a slot starts as it was asked for") {
    RunSpec spec{.framework = "gtest",
                 .directory = "/d",
                 .arguments = {"build/unit", "-k", "x"},
                 .environment = {{"A", "b"}},
                 .slots = 3,
                 .testrun_uid = "uid",
                 .timeout_seconds = 2};
    spec.boxed = spec.show_output = spec.collect_only = true;
    Result<ServerOrder> order = read_server_order(
        without_end(start_line({.key = 5, .run = "r", .name = "gw1", .spec = &spec})));
    REQUIRE(order);
    REQUIRE(order->start);
    const SlotStart start = *order->start;
    CHECK(start.key == 5);
    CHECK(start.name == "gw1");
    CHECK(start.framework == "gtest");
    CHECK(start.directory == "/d");
    CHECK(start.arguments == spec.arguments);
    CHECK_FALSE(start.chosen);
    CHECK(start.variables == spec.environment);
    CHECK(start.slots == 3);
    CHECK(start.testrun_uid == "uid");
    CHECK(start.timeout_seconds == 2);
    CHECK(start.boxed);
    CHECK(start.show_output);
    CHECK(start.collect_only);
    spec.arguments.insert(spec.arguments.end(), {"--xgrid-chosen", "a::b", "c"});
    order = read_server_order(without_end(start_line({.spec = &spec})));
    REQUIRE(order);
    CHECK(order->start->arguments == start.arguments);
    CHECK(order->start->chosen == std::set<std::string>{"a::b", "c"});
    CHECK(read_server_order(without_end(withdraw_line(6)))->withdraw == 6);
    CHECK_FALSE(read_server_order("{\"start\": {}}"));
    CHECK_FALSE(read_slot_order("[]"));
}

TEST_CASE("the process that starts slots is understood, too") {
    CHECK(std::holds_alternative<WarmReady>(*read_warm_line(without_end(ready_line()))));
    const WarmLine started = *read_warm_line(without_end(started_line(4, 77)));
    CHECK(std::get<WarmStarted>(started).pid == 77);
    const WarmLine refused = *read_warm_line(without_end(refused_start_line(4, "why")));
    CHECK(std::get<WarmRefused>(refused).text == "why");
    const WarmLine exited = *read_warm_line(without_end(exited_line(4, 256)));
    CHECK(std::get<WarmExited>(exited).status == 256);
}
