#include "worker/frameworks/pytest_lines.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker;

namespace {

Fact fact(const std::string& line) {
    Result<SlotLine> read = read_slot_line(line);
    REQUIRE_MESSAGE(read, line);
    return std::get<LineFact>(*read).fact;
}

}  // namespace

TEST_CASE("a job names its tests as the runner reads them") {
    JobBody body{.kind = JobKind::unit, .unit = "a.py"};
    body.selection = {.mode = Select::only, .tests = {{"a.py::t"}, {"a.py::t", 1}}};
    CHECK(job_line(3, body) ==
          "{\"job\":3,\"kind\":\"unit\",\"mode\":\"only\",\"tests\":[\"a.py::t\",[\"a.py::t\",1]],"
          "\"unit\":\"a.py\"}\n");
    CHECK(job_line(4, {.kind = JobKind::finish}) == "{\"job\":4,\"kind\":\"finish\"}\n");
    CHECK(withdraw_job_line(4) == "{\"withdraw\":4}\n");
}

TEST_CASE("what a slot says becomes facts") {
    CHECK((fact("[\"start\",1,2]") == Fact(Started{2})));
    CHECK((fact("[\"done\",1,2,\"passed\",[0.5,1,0],null]") ==
           Fact(Finished{2, {.seconds = {0.5, 1, 0}}})));
    CHECK((fact("[\"found\",1,[\"a\"],0,[[2,\"a\",\"<a>\"]]]") ==
           Fact(TestsFound{{{"a"}}, 0, {{2, "a", "<a>"}}})));
    CHECK((fact("[\"found\",1,[\"a\",[\"a\",1]],4]") == Fact(TestsFound{{{"a"}, {"a", 1}}, 4})));
    CHECK((fact("[\"gave\",1,3,[5,6]]") == Fact(GaveBack{3, {5, 6}})));
    CHECK((fact("[\"exit\",1,\"why\",7]") == Fact(ExitAsked{"why", 7})));
    CHECK(
        (fact("[\"end\",1,{\"returned\":true,\"stopped\":false,\"error\":\"\",\"missing\":[]}]") ==
         Fact(Ended{End::returned})));
    CHECK((fact("[\"end\",1,{\"returned\":false,\"stopped\":false,\"error\":\"e\",\"missing\":["
                "\"a\"]}]") == Fact(Ended{End::done, "e", 0, {{"a"}}})));
}

TEST_CASE("a slot may say what its units need, of each of them") {
    CHECK((fact(R"(["units",1,["a","b"]])") == Fact(UnitsNamed{{"a", "b"}})));
    CHECK((fact(R"(["units",1,["a","b","c"],[null,{"processors":2,"locks":["db","net"]},)"
                R"({"serial":true}]])") ==
           Fact(UnitsNamed{{"a", "b", "c"}, {{}, {2, {"db", "net"}}, {1, {}, true}}})));
    for (const char* line :
         {R"(["units",1,["a","b"],[null]])", R"(["units",1,["a"],[[2]]])",
          R"(["units",1,["a"],[{"processors":-1}]])", R"(["units",1,["a"],[{"locks":[3]}]])"}) {
        CHECK_FALSE(read_slot_line(line));
    }
}

TEST_CASE("a slot that has begun says what it is, and what tells its environment from others") {
    Result<SlotLine> read = read_slot_line(
        R"(["up",{"pytest":"7.2.1","platform":"linux","python":"3.11.2","executable":"/p",)"
        R"("rootdir":"/r","inifile":"","plugins":["xdist-3.1.0"],"header":[],"settings":{},)"
        R"("fingerprint":{"python":"3.11.2","pytest-xdist":"3.1.0"}}])");
    REQUIRE(read);
    const SlotFacts& facts = std::get<LineUp>(*read).facts;
    CHECK(facts.framework == "pytest-7.2.1");
    CHECK(facts.fingerprint ==
          std::map<std::string, std::string>{{"python", "3.11.2"}, {"pytest-xdist", "3.1.0"}});
    CHECK_FALSE(read_slot_line(R"(["up",{"pytest":"7.2.1","fingerprint":[3]}])"));
}

TEST_CASE("a slot may say no more than that it gets on") {
    Result<SlotLine> read = read_slot_line("[\"alive\"]");
    REQUIRE(read);
    CHECK(std::holds_alternative<LineAlive>(*read));
}

TEST_CASE("a slot is told its limit where there is one") {
    RunSpec spec;
    CHECK(start_line({1, "run", "gw0", &spec}).find("timeout") == std::string::npos);
    spec.timeout_seconds = 2.5;
    CHECK(start_line({1, "run", "gw0", &spec}).find("\"timeout\":2.5") != std::string::npos);
}

TEST_CASE("a slot is told when each test is to have a process of its own") {
    RunSpec spec;
    CHECK(start_line({1, "run", "gw0", &spec}).find("boxed") == std::string::npos);
    spec.boxed = true;
    CHECK(start_line({1, "run", "gw0", &spec}).find("\"boxed\":true") != std::string::npos);
}

TEST_CASE("a slot is told when colours are wanted") {
    RunSpec spec;
    CHECK(start_line({1, "run", "gw0", &spec}).find("coloured") == std::string::npos);
    spec.coloured = true;
    CHECK(start_line({1, "run", "gw0", &spec}).find("\"coloured\":true") != std::string::npos);
}

TEST_CASE("a slot is told whether it runs where the code lies") {
    RunSpec spec;
    CHECK(start_line({1, "run", "gw0", &spec}).find("\"in_place\":true") != std::string::npos);
    spec.tree.emplace();
    CHECK(start_line({1, "run", "gw0", &spec}).find("in_place") == std::string::npos);
}

TEST_CASE("the end of a session comes with what it leaves") {
    const std::string rest = "\"returned\":false,\"stopped\":false,\"error\":\"\",\"missing\":[]";
    CHECK(std::get<Ended>(fact("[\"end\",1,{" + rest + "}]")).output.empty());
    CHECK(std::get<Ended>(fact("[\"end\",1,{" + rest + ",\"output\":\"{}\"}]")).output == "{}");
    CHECK(!read_slot_line("[\"end\",1,{" + rest + ",\"output\":1}]"));
}

TEST_CASE("each slot gets the input of its number or name, and replacements the last one") {
    RunSpec spec;
    CHECK(start_line({1, "run", "gw0", &spec}).find("input") == std::string::npos);
    spec.environments = {{.slots = 2}, {.slot_name = "alpha"}};
    spec.inputs = {R"({"a":0})", R"({"a":1})", R"({"a":2})", R"({"a":"other"})"};
    const auto gets = [&](const std::string& name, const std::string& input) {
        return start_line({1, "run", name, &spec}).find("\"input\":" + input) != std::string::npos;
    };
    CHECK(gets("gw0", R"({"a":0})"));
    CHECK(gets("gw1", R"({"a":1})"));
    CHECK(gets("alpha", R"({"a":2})"));
    CHECK(gets("gw3", R"({"a":"other"})"));
}

TEST_CASE("a test may have a limit of its own") {
    Result<SlotLine> read = read_slot_line("[\"limit\",2.5]");
    REQUIRE(read);
    CHECK(std::get<LineLimit>(*read).seconds == 2.5);
    for (const char* line : {"[\"limit\"]", "[\"limit\",-1]", "[\"limit\",1e8]",
                             "[\"limit\",\"1\"]", "[\"limit\",null]"}) {
        CHECK_MESSAGE(!read_slot_line(line), line);
    }
}

TEST_CASE("details come with their phases, sections and properties") {
    const Fact read = fact(
        "[\"done\",1,0,\"failed\",[0,0,0],{\"phases\":[{\"when\":\"call\",\"category\":\"failed\","
        "\"letter\":\"F\",\"word\":\"FAILED\",\"longrepr\":\"E\",\"crash\":\"assert "
        "0\",\"reason\":\"\","
        "\"path\":\"a.py\",\"line\":3}],\"sections\":[[\"Captured\",\"out\"]],\"properties\":[["
        "\"k\",\"v\"]],"
        "\"location\":[\"a.py\",2,\"test_x\"]}]");
    const Details& details = *std::get<Finished>(read).result.details;
    CHECK(details.phases.at(0).message == "assert 0");
    CHECK(details.sections.at(0).second == "out");
    CHECK(details.properties.at(0).first == "k");
    CHECK(details.domain == "test_x");
}

TEST_CASE("a line that makes no sense is an error, whatever it is") {
    for (const std::string line :
         {"", "[", "{}", "[]", "[1]", "[\"start\"]", "[\"start\",1,-1]", "[\"start\",1e300,0]",
          "[\"exit\",1,\"\",2147483648]", "[\"done\",1,2,\"wonderful\",[0,0,0],null]",
          "[\"done\",1,2,\"passed\",[0],null]", "[\"nothing\",1]", "\xff\xfe", "[\"up\",{}]",
          "null"}) {
        CHECK_MESSAGE(!read_slot_line(line), line);
        CHECK_MESSAGE(!read_warm_line(line), line);
    }
}

TEST_CASE("the warm interpreter tells of its slots") {
    CHECK(std::get<WarmStarted>(*read_warm_line("{\"started\":3,\"pid\":9}")).pid == 9);
    CHECK(std::get<WarmExited>(*read_warm_line("{\"exited\":3,\"pid\":9,\"status\":11}")).status ==
          11);
    CHECK(std::get<WarmFailed>(*read_warm_line("{\"failed\":\"No module named pytest\"}")).text ==
          "No module named pytest");
}

TEST_CASE("the runner travels whole: its length, then its modules") {
    const std::string modules = runner_modules();
    REQUIRE(modules.size() > 1000);
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size * 256 + static_cast<unsigned char>(modules[i]);
    CHECK(size == modules.size() - 4);
    CHECK(runner_bootstrap().find("warm.main(fd)") != std::string_view::npos);
}
