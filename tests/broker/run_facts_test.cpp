#include "tests/broker/one_run.hpp"

using namespace xgrid;
using namespace xgrid::broker;

TEST_CASE_FIXTURE(OneRun, "a unit that is named twice is one job") {
    add_slot();
    say(0, UnitsNamed{{"a", "b"}});
    say(0, UnitsNamed{{"b", "c"}});
    CHECK(run.jobs().size() == 4);
    CHECK(events<UnitsKnown>().size() == 2);
    CHECK(events<UnitsKnown>()[1].units == 1);
}

TEST_CASE_FIXTURE(OneRun, "a listing that was lost goes on where it was") {
    add_slot();
    say(0, UnitsNamed{{"a", "b"}});
    lose_worker();
    add_slot(2);
    while (held(1).body.kind != JobKind::enumerate) say(1, Ended{});
    CHECK(held(1).attempt->number == 2);
    say(1, UnitsNamed{{"a", "b", "c"}});
    say(1, Ended{});
    const auto known = events<UnitsKnown>();
    REQUIRE(known.size() == 3);
    CHECK(known[1].units == 1);
    CHECK(known[2].all);
}

TEST_CASE("tests that have a verdict from an earlier submission are excepted") {
    OneRun one({.slots = 1}, {{"a", {"x"}}, {"a", {"y"}}, {"b", {"z"}}});
    one.list({"a", "c"});
    const Selection of_a = one.held(0).body.selection;
    CHECK(of_a.mode == Select::except);
    CHECK(of_a.tests == names({"x", "y"}));
    one.say(0, Ended{});
    CHECK(one.held(0).body.unit == "c");
    CHECK(one.held(0).body.selection.mode == Select::all);
}

TEST_CASE_FIXTURE(OneRun, "a slot that begins is told with its host") {
    add_slot();
    say(0, SlotBegan{{.framework = "pytest-8"}});
    REQUIRE(events<WorkerUp>().size() == 1);
    CHECK(events<WorkerUp>()[0].worker == "gw0");
    CHECK(events<WorkerUp>()[0].host == "host");
    CHECK(events<WorkerUp>()[0].facts.framework == "pytest-8");
}

TEST_CASE_FIXTURE(OneRun, "a unit is told once, with all of its lists joined") {
    list({"a"});
    say(0, TestsFound{names({"x"}), 2});
    say(0, TestsFound{names({"y"}), 1});
    CHECK(events<UnitLoaded>().empty());
    say(0, Started{1});
    say(0, TestsFound{names({"too late"})});
    say(0, Started{0});
    REQUIRE(events<UnitLoaded>().size() == 1);
    CHECK(events<UnitLoaded>()[0] == UnitLoaded{"a", names({"x", "y"}), 3});
    CHECK(held(0).attempt->tests.size() == 2);
}

TEST_CASE_FIXTURE(OneRun, "a test has one start and one verdict, whatever its slot repeats") {
    list({"a"});
    load(0, 2);
    say(0, Started{0});
    say(0, Started{0});
    say(0, Finished{0, {.seconds = {1, 2, 3}}});
    say(0, failed(0));
    say(0, Started{0});
    CHECK(events<TestStarted>().size() == 1);
    REQUIRE(events<TestFinished>().size() == 1);
    const TestFinished told = events<TestFinished>()[0];
    CHECK(told.unit == "a");
    CHECK(told.test == TestName{"0"});
    CHECK(told.worker == "gw0");
    CHECK(told.attempt == 1);
    CHECK(told.result == TestResult{.seconds = {1, 2, 3}});
}

TEST_CASE_FIXTURE(OneRun, "a verdict without a start implies it") {
    list({"a"});
    load(0, 2);
    say(0, Finished{1});
    REQUIRE(events<TestStarted>().size() == 1);
    CHECK(events<TestStarted>()[0].test == TestName{"1"});
    CHECK(held(0).attempt->unstarted == 1);
}

TEST_CASE_FIXTURE(OneRun, "facts about tests that are not there are no verdicts") {
    list({"a"});
    load(0, 1);
    say(0, Started{1});
    say(0, Finished{1});
    say(0, GaveBack{1, {1}});
    CHECK(events<TestFinished>().empty());
    CHECK(held(0).attempt->unstarted == 1);
    CHECK(held(0).attempt->recorded == 4);
}

TEST_CASE_FIXTURE(OneRun, "facts of an attempt that is over change nothing") {
    list({"a"});
    load(0, 1);
    const AttemptId old{held(0).id, held(0).attempt->number};
    lose_worker();
    add_slot(2);
    run.record(now, old, Finished{0}, "host");
    run.record(now, {99, 1}, Finished{0}, "host");
    CHECK(events<TestFinished>().empty());
}

TEST_CASE_FIXTURE(OneRun, "what a slot has to say besides verdicts is passed on in its name") {
    list({"a"});
    load(0, 1);
    say(0, Warned{{.message = "old"}});
    say(0, Noted{"look"});
    say(0, Printed{Stream::err, "text"});
    say(0, LateTeardown{{"0"}, {.when = "teardown"}});
    CHECK(events<WarningSeen>() == std::vector{WarningSeen{"gw0", {.message = "old"}}});
    CHECK(events<NoteSeen>() == std::vector{NoteSeen{"gw0", "look"}});
    CHECK(events<OutputSeen>() == std::vector{OutputSeen{"gw0", Stream::err, "text"}});
    CHECK(events<TeardownFailed>() ==
          std::vector{TeardownFailed{"a", {"0"}, "gw0", {.when = "teardown"}}});
}

TEST_CASE_FIXTURE(OneRun, "what a test is later said to have recorded is of its verdict") {
    const Properties properties = {{"name", "value"}};
    list({"a"});
    load(0, 2);
    say(0, LateProperties{0, properties});
    say(0, LateProperties{7, properties});
    CHECK(events<PropertiesAdded>().empty());
    say(0, Finished{0});
    say(0, LateProperties{0, properties});
    CHECK(events<PropertiesAdded>() == std::vector{PropertiesAdded{"a", {"0"}, "gw0", properties}});
}

TEST_CASE_FIXTURE(OneRun, "what is given back runs elsewhere, in a piece for each taker") {
    list({"a"});
    load(0, 5);
    say(0, Started{0});
    places = 2;
    wait(std::chrono::seconds(1));
    REQUIRE(held(0).attempt->takers == 2);
    say(0, GaveBack{held(0).attempt->asked, {1, 2, 3}});
    REQUIRE(run.waiting().size() == 2);
    CHECK(run.find(run.waiting()[0])->body.unit == "a");
    CHECK(run.find(run.waiting()[0])->body.selection == Selection{Select::only, names({"1"})});
    CHECK(run.find(run.waiting()[1])->body.selection == Selection{Select::only, names({"2", "3"})});
    CHECK(held(0).attempt->unstarted == 1);
}

TEST_CASE_FIXTURE(OneRun, "a test that has started or was given back is not given back") {
    list({"a"});
    load(0, 3);
    say(0, Started{0});
    say(0, GaveBack{0, {0, 1}});
    say(0, GaveBack{0, {1}});
    REQUIRE(jobs_of(0) == 2);
    CHECK(held(0, 1).body.selection.tests == names({"1"}));
    CHECK(run.waiting().empty());
    say(0, Finished{1});
    CHECK(events<TestFinished>().empty());
}

TEST_CASE_FIXTURE(OneRun, "who has nothing to give back may be about to load its unit") {
    list({"a"});
    say(0, GaveBack{2, {}});
    say(0, GaveBack{1, {}});
    CHECK(held(0).attempt->answered == 2);
    load(0, 2);
    say(0, Started{0});
    REQUIRE(events<UnitLoaded>().size() == 1);
    CHECK(events<UnitLoaded>()[0].tests.size() == 2);
}

TEST_CASE_FIXTURE(OneRun, "a job of named tests does not tell its unit again") {
    list({"a"});
    load(0, 2);
    say(0, Started{0});
    say(0, GaveBack{0, {1}});
    say(0, Finished{0});
    say(0, Ended{});
    REQUIRE(held(0).body.selection.mode == Select::only);
    say(0, TestsFound{names({"1"})});
    say(0, Started{0});
    CHECK(events<UnitLoaded>().size() == 1);
    CHECK(events<TestStarted>()[1].test == TestName{"1"});
}

TEST_CASE_FIXTURE(OneRun, "a test that is gone when its unit is loaded again is an error") {
    list({"a"});
    load(0, 1);
    say(0, GaveBack{0, {0}});
    CHECK(events<UnitLoaded>().size() == 1);
    say(0, Ended{});
    say(0, TestsFound{});
    say(0, Ended{.missing = names({"0"})});
    REQUIRE(events<TestFinished>().size() == 1);
    const TestFinished told = events<TestFinished>()[0];
    CHECK(told.test == TestName{"0"});
    CHECK(told.result.outcome == Outcome::error);
    CHECK(told.result.details->phases[0].message == "was not there when its unit was loaded again");
    CHECK(held(0).body.kind == JobKind::finish);
}

TEST_CASE_FIXTURE(OneRun, "a unit that ends with trouble and without tests is an error") {
    list({"a"});
    say(0, Ended{.text = "no such unit here: a"});
    REQUIRE(events<TestFinished>().size() == 1);
    CHECK(events<TestFinished>()[0].test == TestName{"a"});
    CHECK(events<TestFinished>()[0].result.details->phases[0].text == "no such unit here: a");
}

TEST_CASE("where tests are only listed a unit may end without running them") {
    OneRun one({.slots = 1, .collect_only = true});
    one.list({"a"});
    one.load(0, 3);
    one.say(0, Ended{});
    CHECK(one.events<UnitLoaded>().size() == 1);
    CHECK(one.held(0).body.kind == JobKind::finish);
}

TEST_CASE("no job has more tests than a message may hold") {
    OneRun one({.slots = 1}, {}, {.job_tests_max = 2});
    one.list({"a"});
    one.load(0, 5);
    one.say(0, GaveBack{0, {0, 1, 2, 3, 4}});
    one.say(0, Ended{});
    std::vector<TestName> tests;
    for (std::size_t jobs = 0; jobs < 3; ++jobs) {
        const Selection selection = one.held(0).body.selection;
        CHECK(selection.tests.size() <= 2);
        tests.insert(tests.end(), selection.tests.begin(), selection.tests.end());
        one.say(0, Ended{});
    }
    CHECK(tests == names({"0", "1", "2", "3", "4"}));
    CHECK(one.held(0).body.kind == JobKind::finish);
}
