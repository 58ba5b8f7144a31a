// Locks of the grid among runs, and slots of one worker for a unit of several processors.
#include "tests/broker/one_broker.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

struct GridLocksOf : OneBroker {
    const RunSpec spec{.slots = 1, .locks = {{"x", {1, true}}}};
    const Fact named = UnitsNamed{{"a"}, {{1, {"x"}}}};

    std::string at(const std::string& run) {
        const Run& lane = *broker.find_run(run);
        if (lane.live_slots() == 0) return "no slot";
        const std::vector<std::uint64_t>& jobs = lane.slots().begin()->second.jobs;
        return jobs.empty() ? "" : lane.find(jobs[0])->body.unit;
    }
    // Both list their only unit, which needs the lock.
    void begin() {
        come("one", 1);
        submit("first", spec, "client");
        come("two", 1);
        submit("second", spec, "other");
        say(status({{{1, 1}, 0, {SlotBegan{}, named, Ended{}}}}, "one"));
        say(status({{{job_of_second, 1}, 0, {SlotBegan{}, named, Ended{}}}}, "two"));
    }
};

}  // namespace

TEST_CASE_FIXTURE(GridLocksOf, "a lock of the grid goes to the other run when its unit has ended") {
    begin();
    CHECK(at("first") == "a");
    CHECK(at("second") == "");
    say(status({{{2, 1}, 0, {Ended{}}}}, "one"));
    CHECK(at("second") == "a");
}

TEST_CASE_FIXTURE(GridLocksOf, "... when its run is cancelled, and when its worker is lost") {
    begin();
    SUBCASE("cancelled") { broker.receive(now, "client", Cancel{"first"}); }
    SUBCASE("lost") {
        wait(std::chrono::seconds(5));
        say(status({{{job_of_second, 1}, 3, {}}}, "two"));
        wait(std::chrono::seconds(6));
        CHECK(at("first") == "no slot");
    }
    CHECK(at("second") == "a");
}

TEST_CASE_FIXTURE(OneBroker, "a unit of several processors gets slots of one worker") {
    come("small", 2);
    come("large", 4);
    submit("run", {.slots = 4});
    const UnitsNamed named{{"wide"}, {{.processors = 3}}};
    say(status({{{1, 1}, 0, {SlotBegan{}, named, Ended{}}}}, "large", 4));
    CHECK(slots_of("run") == 3);
    const Run& run = *broker.find_run("run");
    CHECK(run.slots_on(run.slots().begin()->second.worker).size() == 3);
    CHECK(run.kept().kept_by(2) == 2);
    CHECK(run.slots_wanted() == 0);
}
