// What units need beside a slot, as one run hands them out.
#include <algorithm>

#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

struct NeedyRun : OneRun {
    explicit NeedyRun(RunSpec spec = {.slots = 8, .crashes_max = 9}) : OneRun(std::move(spec)) {}

    // So many slots on one worker; the first one lists.
    void list(std::vector<std::string> units, std::vector<UnitNeeds> needs, SlotKey slots) {
        for (SlotKey slot = 0; slot < slots; ++slot) add(1, slots);
        say(0, SlotBegan{});
        say(0, UnitsNamed{std::move(units), std::move(needs)});
        say(0, Ended{});
    }
    void add(WorkerKey worker, std::uint32_t size, std::size_t there = 0) {
        run.add_slot(worker, 0, size);
        run.schedule(now, places, there);
    }
    // What that slot is at; empty: nothing.
    std::string at(SlotKey slot) {
        const std::vector<std::uint64_t>& jobs = run.slots().at(slot).jobs;
        if (jobs.empty()) return "";
        const JobBody& body = run.find(jobs[0])->body;
        return body.kind == JobKind::finish ? "finish" : body.unit;
    }
    // All that slots are at, in their order.
    std::vector<std::string> all() {
        std::vector<std::string> found;
        for (const auto& [key, slot] : run.slots()) found.push_back(at(key));
        return found;
    }
    // The units that slots are at, in order.
    std::vector<std::string> running() {
        std::vector<std::string> found = all();
        std::erase(found, "");
        std::ranges::sort(found);
        return found;
    }
    SlotKey where(const std::string& unit) {
        for (const auto& [key, slot] : run.slots()) {
            if (at(key) == unit) return key;
        }
        FAIL("no slot is at " << unit);
        return 0;
    }
    void end(const std::string& unit) { say(where(unit), Ended{}); }
};

using Texts = std::vector<std::string>;

UnitNeeds lock(const std::string& name) { return {.locks = {name}}; }

}  // namespace

TEST_CASE("units with the same lock run one after the other, and hold back nobody else") {
    NeedyRun one;
    one.list({"a", "b", "c"}, {lock("x"), lock("x"), {}}, 3);
    CHECK(one.running() == Texts{"a", "c"});
    one.end("a");
    CHECK(one.running() == Texts{"b", "c"});
    CHECK(one.run.slots_wanted() == 0);
}

TEST_CASE("a lock is free again when its unit's worker is lost, and the unit keeps its needs") {
    NeedyRun one;
    one.list({"a", "b"}, {lock("x"), lock("x")}, 1);
    one.add(2, 1);
    CHECK(one.all() == Texts{"a", ""});
    one.lose_worker(1);
    CHECK(one.all() == Texts{"b"});
    one.add(3, 1);
    CHECK(one.all() == Texts{"b", ""});
    one.end("b");
    CHECK(one.all()[0] == "a");
}

TEST_CASE("a unit with needs is not given ahead, and is not parted") {
    NeedyRun one;
    std::vector<std::string> units;
    std::vector<UnitNeeds> needs;
    for (int i = 0; i < 40; ++i) {
        units.push_back(std::to_string(100 + i));
        needs.push_back(i % 2 == 0 ? UnitNeeds() : lock(std::to_string(i)));
    }
    one.list(units, needs, 2);
    for (const auto& [key, slot] : one.run.slots()) {
        for (std::size_t place = 1; place < slot.jobs.size(); ++place) {
            CHECK(one.held(key, place).needs == nullptr);
        }
    }
    NeedyRun alone;
    alone.list({"a"}, {lock("x")}, 2);
    const SlotKey slot = alone.where("a");
    alone.load(slot, 100);
    alone.say(slot, Started{0});
    alone.wait(std::chrono::seconds(60));
    CHECK(alone.held(slot).attempt->asked == 0);
}

TEST_CASE("rules of the run add to what the framework says, by the unit's name") {
    NeedyRun one({.slots = 8, .crashes_max = 9, .needs = {{"db/*", lock("x")}}});
    one.list({"db/a", "db/b", "c"}, {}, 3);
    CHECK(one.running() == Texts{"c", "db/a"});
}

TEST_CASE("a lock may have more holders than one") {
    NeedyRun one({.slots = 8, .crashes_max = 9, .locks = {{"x", {2}}}});
    one.list({"a", "b", "c"}, {lock("x"), lock("x"), lock("x")}, 3);
    CHECK(one.running() == Texts{"a", "b"});
}

TEST_CASE("a unit of more processors keeps slots of its worker idle beside it") {
    NeedyRun one;
    one.list({"small", "wide"}, {{}, {.processors = 3}}, 4);
    CHECK(one.running() == Texts{"small", "wide"});
    const std::uint64_t wide = one.held(one.where("wide")).id;
    CHECK(one.run.kept().kept_by(wide) == 2);
    one.end("small");
    CHECK(one.running() == Texts{"wide"});
    one.end("wide");
    CHECK(one.all() == Texts{"finish", "finish", "finish", "finish"});
}

TEST_CASE("small units that keep coming do not starve a wide one") {
    NeedyRun one;
    std::vector<std::string> units = {"wide"};
    std::vector<UnitNeeds> needs = {{.processors = 2}};
    for (int i = 0; i < 9; ++i) units.push_back(std::to_string(i));
    needs.resize(units.size());
    for (SlotKey slot = 0; slot < 2; ++slot) one.add(1, 2);
    one.say(0, SlotBegan{});
    one.say(0, UnitsNamed{{"first", "second", "third"}, {}});
    one.say(0, UnitsNamed{units, needs});
    CHECK(one.run.kept().awaited());
    for (int i = 0; one.at(1) != ""; ++i) {
        REQUIRE(i < 5);
        one.say(1, Ended{});
    }
    for (int i = 0; one.running() != Texts{"wide"}; ++i) {
        REQUIRE(i < 5);
        one.say(0, Ended{});
    }
    one.end("wide");
    CHECK(one.running().size() == 2);
}

TEST_CASE("a wide unit waits for more slots while they can be had, and else takes what there is") {
    NeedyRun one;
    one.there = 3;
    one.add(1, 4, 3);
    one.say(0, SlotBegan{});
    one.say(0, UnitsNamed{{"wide"}, {{.processors = 3}}});
    CHECK(one.run.wanted_there() == 2);
    CHECK(one.run.awaits_answer());
    one.say(0, Ended{});
    CHECK_FALSE(one.run.awaits_answer());
    CHECK(one.all() == Texts{""});
    one.add(1, 4, 2);
    CHECK(one.all() == Texts{"", ""});
    CHECK(one.run.wanted_there() == 1);
    SUBCASE("the last one comes") {
        one.add(1, 4, 1);
        CHECK(one.all() == Texts{"wide", "", ""});
    }
    SUBCASE("the last one cannot be had") {
        one.run.schedule(one.now, 0, 0);
        CHECK(one.all() == Texts{"wide", ""});
    }
}

TEST_CASE("a unit of more processors than its worker has slots takes them all") {
    NeedyRun one;
    one.list({"wide"}, {{.processors = 9}}, 2);
    one.run.schedule(one.now, 0, 0);
    CHECK(one.all() == Texts{"wide", ""});
}

TEST_CASE("slots that were kept are free when their unit's slot crashes") {
    NeedyRun one;
    one.list({"wide", "a"}, {{.processors = 2}, lock("x")}, 2);
    CHECK(one.all() == Texts{"wide", ""});
    one.say(0, Ended{.end = End::crashed, .text = "it crashed"});
    CHECK(one.run.slots().size() == 1);
    CHECK(one.all() == Texts{"a"});
}

TEST_CASE("a serial unit runs last, and alone") {
    NeedyRun one;
    one.list({"serial", "a", "b"}, {{.serial = true}, {}, {}}, 3);
    CHECK(one.running() == Texts{"a", "b"});
    one.end("a");
    CHECK(one.running() == Texts{"b"});
    one.end("b");
    CHECK(one.where("serial") == 0);
    CHECK(one.run.retire(1));
    one.run.schedule(one.now, 0);
    CHECK(one.all() == Texts{"serial", "", ""});
    one.end("serial");
    CHECK(one.all() == Texts{"finish", "finish", "finish"});
}

TEST_CASE("a run that is cancelled gives back all that its units had") {
    NeedyRun one({.slots = 8, .crashes_max = 9, .locks = {{"x", {1, true}}}});
    one.list({"a", "b"}, {lock("x"), {2, {"y"}, true}}, 2);
    CHECK(one.all() == Texts{"b", ""});
    one.run.grant({"x"});
    one.run.schedule(one.now, 0);
    CHECK(one.run.resources().granted().empty());
    one.run.cancel(one.now);
    CHECK(one.run.resources().is_idle());
    CHECK_FALSE(one.run.resources().runs_alone());
    CHECK(one.run.resources().has({1, {"y"}, true}));
}

TEST_CASE("a unit with a lock of the grid begins when that is granted, which ends with it") {
    NeedyRun one({.slots = 8, .crashes_max = 9, .locks = {{"x", {1, true}}}});
    one.list({"a", "b", "c"}, {lock("x"), lock("x"), {}}, 3);
    CHECK(one.running() == Texts{"c"});
    CHECK((one.run.lock_wishes() == std::vector<Texts>{{"x"}, {"x"}}));
    one.run.grant({"x"});
    one.run.schedule(one.now, 0);
    CHECK(one.running() == Texts{"a", "c"});
    CHECK(one.run.resources().granted() == LockCounts{{"x", 1}});
    one.end("a");
    CHECK(one.run.resources().granted().empty());
    CHECK((one.run.lock_wishes() == std::vector<Texts>{{"x"}}));
}
