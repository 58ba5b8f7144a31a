#include "client/plugin_lines.hpp"

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

std::string lines_of(const RunSpec& spec, const std::vector<Event>& events) {
    PluginLines lines;
    Tally tally(spec);
    std::string text = lines.begin(Instant());
    for (const Event& event : events) {
        tally.add(event);
        text += lines.add(Instant(), event, tally);
    }
    return text + lines.end(Instant(), tally, 0);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the plugin gets whole reports with their node") {
    TestFinished event = went(0, "x", Outcome::failed);
    event.result.details->phases[0].report = "{}";
    CHECK(contains(lines_of({}, {event}),
                   R"({"event":"result","id":"x","worker":"gw0","crashed":false,"phases":)"
                   R"([{"when":"call","text":"E   why\n","report":"{}"}]})"));
}

TEST_CASE("the plugin does not hear of a failure that is not final") {
    TestFailing failing{.unit = "test_a.py", .test = {"x"}, .worker = "gw0"};
    CHECK_FALSE(contains(lines_of({}, {failing}), "\"x\""));
}

TEST_CASE("while files are unknown, more tests are expected than have finished") {
    const UnitsKnown some{.units = 1};
    const UnitsKnown all{.units = 0, .all = true};
    const UnitLoaded loaded = loaded_in(0, {"x"});
    const TestFinished passed = went(0, "x", Outcome::passed);
    CHECK(contains(lines_of({}, {some, loaded, passed}), R"("tests":2,"certain":false})"));
    const std::string known = lines_of({}, {some, all, loaded, passed});
    CHECK(contains(known, R"("tests":1,"certain":true})"));
    CHECK(contains(known, R"({"event":"end","end":"completed","exit_code":0,"reason":""})"));
}
