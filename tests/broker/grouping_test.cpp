// Runs in which some tests stay together.
#include <algorithm>
#include <ctime>

#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

RunSpec grouped(Grouping grouping, std::uint32_t slots = 4) {
    return {.slots = slots, .crashes_max = 9, .confirm = true, .grouping = grouping};
}

// The slot has loaded its unit, whose tests are in these groups.
void load(OneRun& one, SlotKey slot, const std::vector<std::string>& groups) {
    TestsFound found{.groups = groups};
    for (std::size_t i = 0; i < groups.size(); ++i) found.tests.push_back({std::to_string(i)});
    one.say(slot, found);
}

std::vector<TestName> tests_of(const Job& job) { return job.body.selection.tests; }

}  // namespace

TEST_CASE("a file's tests stay with a slot that has begun with them") {
    OneRun one(grouped(Grouping::file, 2));
    one.list({"a"}, 2);
    one.load(1, 10);
    one.say(1, Started{0});
    one.wait(seconds(1));
    one.say(1, Finished{0});
    CHECK(one.jobs_of(0) == 0);
    CHECK(one.held(1).attempt->asked == 0);
}

TEST_CASE("a file that waits behind another is asked for, but for what has begun meanwhile") {
    OneRun one(grouped(Grouping::file, 2));
    one.list({"a", "b", "c", "d"});
    REQUIRE(one.jobs_of(0) == 2);
    one.add_slot(2);
    one.say(1, SlotBegan{});
    one.say(1, Ended{});
    one.say(1, Ended{});
    one.wait(seconds(1));
    CHECK(one.held(0, 1).attempt->keep == keep_if_begun);
}

TEST_CASE("a slot that retires keeps a file that it has begun when it hears of that") {
    OneRun one(grouped(Grouping::file, 2));
    one.list({"a", "b", "c", "d", "e", "f"}, 2);
    REQUIRE(one.run.retire(0));
    CHECK(one.held(0, 1).attempt->keep == keep_if_begun);
}

TEST_CASE("what a crash leaves of a file goes on in one slot") {
    OneRun one(grouped(Grouping::file, 2));
    one.list({"a"}, 2);
    one.load(1, 10);
    one.say(1, Started{3});
    one.say(1, Ended{End::crashed, "killed"});
    REQUIRE(one.jobs_of(0) == 1);
    CHECK(tests_of(one.held(0)).size() == 9);
    CHECK(one.held(0).group == "a");
}

TEST_CASE("groups that a slot has found go to slots one by one, and stay there") {
    OneRun one(grouped(Grouping::group, 3));
    one.places = 1;  // nothing is handed out ahead
    one.list({"a", "b"}, 2);
    load(one, 1, {"", "x", "y", "x"});
    one.say(1, GaveBack{0, {1, 2, 3}});
    CHECK(one.run.slots_wanted() == 1);
    one.add_slot(3);
    CHECK(tests_of(one.held(2)) == names({"1", "3"}));
    load(one, 0, {"x", "z"});
    one.say(0, GaveBack{0, {0, 1}});
    one.say(0, Ended{});
    // x is the third slot's, whoever else is free.
    REQUIRE(one.jobs_of(0) == 1);
    CHECK(tests_of(one.held(0)) == names({"2"}));
    REQUIRE(one.jobs_of(2) == 2);
    CHECK(one.held(2, 1).body.unit == "b");
    CHECK(tests_of(one.held(2, 1)) == names({"0"}));
    one.say(0, Ended{});
    CHECK(tests_of(one.held(0)) == names({"1"}));
    CHECK(one.held(0).group == "z");
}

TEST_CASE("a group whose slot is gone goes to another, as a whole") {
    OneRun one(grouped(Grouping::group, 2));
    one.list({"a"}, 2);
    load(one, 1, {"x", "x", "x"});
    one.say(1, GaveBack{0, {0, 1, 2}});
    REQUIRE(one.jobs_of(0) == 1);
    load(one, 0, {"x", "x", "x"});
    one.say(0, Started{0});
    one.say(0, Ended{End::crashed, "killed"});
    one.say(1, Ended{});
    CHECK(tests_of(one.held(1)) == names({"1", "2"}));
}

TEST_CASE("nothing of a group is asked of the slot that has it, whoever is idle") {
    OneRun one(grouped(Grouping::group, 2));
    one.list({"a"}, 2);
    load(one, 1, {"x", "x", "x"});
    one.say(1, GaveBack{0, {0, 1, 2}});
    one.say(1, Ended{});
    REQUIRE(one.jobs_of(1) == 0);
    load(one, 0, {"x", "x", "x"});
    one.say(0, Started{0});
    one.wait(seconds(1));
    one.say(0, Finished{0});
    CHECK(one.held(0).attempt->asked == 0);
}

TEST_CASE("a group waits for its slot that retires, until that is gone") {
    OneRun one(grouped(Grouping::group, 2));
    one.places = 1;  // nothing is handed out ahead
    one.list({"a", "b"}, 2);
    load(one, 1, {"x", "x"});
    one.say(1, GaveBack{0, {0}});
    one.say(0, Ended{});
    REQUIRE(tests_of(one.held(0)) == names({"0"}));
    REQUIRE(one.run.retire(0));
    one.say(1, GaveBack{0, {1}});
    one.say(1, Ended{});
    CHECK(one.jobs_of(1) == 0);
    one.say(0, Ended{});
    CHECK(one.held(0).body.kind == JobKind::finish);
    CHECK(one.jobs_of(1) == 0);
    one.say(0, Ended{});
    CHECK(tests_of(one.held(1)) == names({"1"}));
}

TEST_CASE("a unit's tests are told in pieces, of which the first may have no groups") {
    OneRun one(grouped(Grouping::group, 2));
    one.list({"a"}, 2);
    one.say(1, TestsFound{.tests = names({"0", "1"})});
    one.say(1, TestsFound{.tests = names({"2"}), .groups = {"x"}});
    one.say(1, GaveBack{0, {2}});
    CHECK(tests_of(one.held(0)) == names({"2"}));
    CHECK(one.held(0).group == "x");
}

TEST_CASE("tests of no group are shared where others are in some") {
    OneRun one(grouped(Grouping::group, 2));
    one.list({"a"}, 2);
    load(one, 1, {"", "", "", "", "", "x"});
    one.say(1, GaveBack{0, {5}});
    REQUIRE(one.jobs_of(0) == 1);
    one.say(0, Ended{});
    one.say(1, Started{0});
    one.wait(seconds(1));
    one.say(1, Finished{0});
    CHECK(one.held(1).attempt->asked == 1);
    one.say(1, GaveBack{1, {3, 4}});
    CHECK(tests_of(one.held(0)) == names({"3", "4"}));
}

TEST_CASE("nothing is confirmed while tests run that stay together") {
    OneRun one(grouped(Grouping::group, 3));
    one.places = 1;
    one.list({"a", "b"}, 2);
    load(one, 1, {""});
    one.say(1, failed(0));
    one.say(1, Ended{});
    CHECK(one.run.slots_wanted() == 0);
    one.say(0, Ended{});
    CHECK(one.run.slots_wanted() == 1);
}

TEST_CASE("a slot takes no more tests from another in one go than the user says") {
    OneRun one({.slots = 2, .crashes_max = 9, .chunk_max = 2});
    one.list({"a"}, 2);
    one.load(1, 10);
    one.say(1, Started{0});
    one.wait(seconds(1));
    one.say(1, Finished{0});
    one.say(1, GaveBack{1, {5, 6, 7, 8, 9}});
    std::vector<std::size_t> pieces;
    for (const auto& [id, job] : one.run.jobs()) {
        if (job.body.selection.mode == Select::only) pieces.push_back(tests_of(job).size());
    }
    CHECK(pieces == std::vector<std::size_t>{1, 2, 2});
}

TEST_CASE("the starts of slots are spread over the time that the user says") {
    OneRun one({.slots = 4, .crashes_max = 9, .ramp_seconds = 4});
    one.places = 4;
    one.list({"a", "b", "c", "d", "e"});
    CHECK(one.run.slots_wanted() == 0);
    CHECK(one.run.next_deadline() == one.now + seconds(1));
    one.wait(milliseconds(999));
    CHECK(one.run.slots_wanted() == 0);
    one.wait(milliseconds(1));
    CHECK(one.run.slots_wanted() == 1);
    one.add_slot(2);
    CHECK(one.run.slots_wanted() == 0);
    one.wait(seconds(1));
    CHECK(one.run.slots_wanted() == 1);
}

TEST_CASE("what groups cost grows as their tests do") {
    // Of a file in which every tenth test begins another group, on two slots.
    const auto cost = [](std::uint32_t tests) {
        const std::clock_t began = std::clock();
        OneRun one(grouped(Grouping::group, 2));
        one.list({"a"}, 2);
        std::vector<std::string> groups;
        GaveBack gave;
        for (std::uint32_t i = 0; i < tests; ++i) {
            groups.push_back(std::to_string(i / 10));
            gave.tests.push_back(i);
        }
        load(one, 1, groups);
        one.say(1, gave);
        one.say(1, Ended{});
        for (SlotKey slot = 0; !one.run.jobs().empty() && one.jobs_of(slot) > 0; slot = 1 - slot) {
            if (one.held(slot).body.kind == JobKind::finish) break;
            TestsFound found{.tests = tests_of(one.held(slot))};
            const auto count = static_cast<std::uint32_t>(found.tests.size());
            one.say(slot, found);
            for (std::uint32_t i = 0; i < count; ++i) one.say(slot, Finished{i});
            one.say(slot, Ended{});
            one.run.take_events();
        }
        CHECK(one.run.groups().waiting().empty());
        return static_cast<double>(std::clock() - began);
    };
    cost(1'000);
    double least = 9;  // of some tries, as others may use the processor's caches
    for (int i = 0; i < 3; ++i) least = std::min(least, cost(20'000) / cost(10'000));
    CHECK(least < 3);
}
