// What a run's slots have measured, until it is reported.
#include "client/coverage.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

bool says(const std::optional<CoverageTask>& task, const std::string& text) {
    return task && task->request.find(text) != std::string::npos;
}

WorkerUp measuring(const std::string& name, bool here, const std::string& options = "{}") {
    WorkerUp up{.worker = name, .host = "h"};
    up.facts.platform = "linux";
    up.facts.executable = "/python/of/" + name;
    up.facts.settings["coverage"] = options;
    if (here) up.facts.settings["coverage_here"] = "yes";
    return up;
}

std::optional<CoverageTask> task_after(const std::vector<Event>& events) {
    Coverage coverage({.interpreter = "python3"});
    for (const Event& event : events) coverage.add(event);
    return coverage.task({{"/there", "/here"}}, 2, std::chrono::milliseconds(1500));
}

}  // namespace

TEST_CASE("nothing is reported where nothing is measured") {
    CHECK(!task_after(
        {WorkerUp{.worker = "gw0"}, WorkerDown{.worker = "gw0", .output = "{}"}, RunFinished{}}));
}

TEST_CASE("a run that came to nothing has no coverage") {
    for (const RunEnd end : {RunEnd::cancelled, RunEnd::grid_failed, RunEnd::refused}) {
        CHECK(!task_after({measuring("gw0", true), RunFinished{.end = end}}));
    }
    for (const RunEnd end : {RunEnd::completed, RunEnd::stopped, RunEnd::exit_asked}) {
        CHECK(task_after({measuring("gw0", true), RunFinished{.end = end}}));
    }
}

TEST_CASE("who reports is told what each slot has left, and of those that have lost it") {
    const auto task =
        task_after({measuring("gw0", true), measuring("gw1", true), WorkerUp{.worker = "gw2"},
                    WorkerDown{.worker = "gw0", .output = "left"}, WorkerDown{"gw1", "crashed"},
                    RunFinished{}});
    CHECK(says(task, R"("slots":[{"name":"gw0","platform":"linux","output":"left"},)"
                     R"({"name":"gw1","platform":"linux","output":""}])"));
    CHECK(says(task, R"("moved":[["/there","/here"]])"));
    CHECK(says(task, R"("failed":2,"seconds":1.5)"));
}

TEST_CASE("slots of one name in two environments are two") {
    WorkerUp other = measuring("gw0", true);
    other.environment = 1;
    const auto task = task_after({measuring("gw0", true), other,
                                  WorkerDown{.worker = "gw0", .environment = 1, .output = "second"},
                                  RunFinished{}});
    CHECK(says(task, R"("output":""},{"name":"gw0","platform":"linux","output":"second"})"));
}

TEST_CASE("a slot of this machine says how to report, whichever begins first") {
    const auto mixed = task_after({measuring("gw0", false, R"({"from":"there"})"),
                                   measuring("gw1", true, R"({"from":"here"})"), RunFinished{}});
    CHECK(mixed->interpreter == "/python/of/gw1");
    CHECK(says(mixed, R"("options":{"from":"here"})"));
    const auto remote = task_after({measuring("gw0", false, R"({"from":"there"})"), RunFinished{}});
    CHECK(remote->interpreter == "python3");
    CHECK(says(remote, R"("options":{"from":"there"})"));
}

TEST_CASE("options that are none report nothing") {
    for (const char* options : {"", "[", "[]", "1"}) {
        CHECK(!task_after({measuring("gw0", true, options), RunFinished{}}));
    }
}
