#include "client/annotations.hpp"

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

TestFinished failed(const std::string& id, Phase phase, const std::string& file = "") {
    TestFinished event{.test = {.id = id}, .worker = "gw0"};
    event.result.outcome = Outcome::failed;
    phase.category = "failed";
    event.result.details = Details{.phases = {std::move(phase)}, .path = file};
    return event;
}

std::string annotations_of(const std::vector<Event>& events, const RunSpec& spec = {}) {
    Annotations annotations({.directory = "/w/repo/sub",
                             .workspace = "/w/repo",
                             .environments = EnvironmentNames(spec)});
    for (const Event& event : events) annotations.add(event);
    return annotations.text();
}

WorkerUp up_below(const std::string& root) {
    WorkerUp event{.worker = "gw0"};
    event.facts.root = root;
    return event;
}

}  // namespace

TEST_CASE("a failure stands where it went wrong, as the workspace names the file") {
    CHECK(annotations_of(
              {failed("t.py::x", {.message = "no", .path = "/w/repo/sub/t.py", .line = 7})}) ==
          "::error file=sub/t.py,line=7,title=t.py%3A%3Ax::no\n");
}

TEST_CASE("what went wrong in code that is not the workspace's stands in the test's file") {
    const Phase phase{.message = "no", .path = "/usr/lib/x.py", .line = 7};
    CHECK(annotations_of({up_below("/w/repo"), failed("a/t.py::x", phase)}) ==
          "::error file=a/t.py,title=a/t.py%3A%3Ax::no\n");
    CHECK(annotations_of({failed("t.py::x", phase, "real.py")}) ==
          "::error file=sub/real.py,title=t.py%3A%3Ax::no\n");
    CHECK(annotations_of({up_below("/elsewhere"), failed("t.py::x", phase)}) ==
          "::error title=t.py%3A%3Ax::no\n");
}

TEST_CASE("nothing in a name or message ends a property or a command") {
    CHECK(annotation_text("50%\r\n::error::x,") == "50%25%0D%0A::error::x,");
    CHECK(annotation_property("a:b,c%\n") == "a%3Ab%2Cc%25%0A");
}

TEST_CASE("there are no more errors than GitHub shows, and a notice tells how many are missing") {
    std::vector<Event> events;
    for (int i = 0; i < 13; ++i) events.emplace_back(failed("t.py::x", {.message = "no"}));
    const std::string text = annotations_of(events);
    std::size_t errors = 0;
    for (std::size_t at = text.find("::error"); at != std::string::npos;
         at = text.find("::error", at + 1)) {
        ++errors;
    }
    CHECK(errors == 10);
    CHECK(text.ends_with("\n::notice title=xgrid::3 more failed: the log has them all\n"));
}

TEST_CASE("what passed is nobody's business, and a failed teardown is") {
    CHECK(annotations_of({went(0, "t.py::x", Outcome::passed)}).empty());
    const TeardownFailed late{.test = {.id = "t.py::x"}, .phase = {.text = "\x1b[31mlate\x1b[0m"}};
    CHECK(annotations_of({late}) == "::error file=sub/t.py,title=t.py%3A%3Ax::late\n");
}

TEST_CASE("where each environment has verdicts of its own the title names it") {
    CHECK(annotations_of({went(1, "t.py::x", Outcome::failed)}, each_of({"a", "ssh=b"})) ==
          "::error file=sub/t.py,title=t.py%3A%3Ax on ssh=b::why\n");
}
