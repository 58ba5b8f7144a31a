// What the history learns of runs, and what it tells of the next one.
#include "broker/history.hpp"

#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/broker/one_broker.hpp"
#include "tests/client/temp_folder.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

struct Learning : OneBroker {
    client::TempFolder folder;
    std::vector<std::string> warnings;
    std::chrono::seconds wall{1'000'000};
    std::optional<History> history;
    Submit submitted{.run = "run", .order = {.project = "shop"}};

    Learning() { open(); }

    void open() {
        history.emplace(folder / "history.db", "",
                        [this](const std::string& why) { warnings.push_back(why); });
    }
    void look() {
        history->look(now, [this](const std::string& run) { return broker.find(run); });
    }
    // A run of one unit whose tests come out like that.
    void run(const std::string& id, const std::vector<Outcome>& outcomes, bool ends = true) {
        submitted.run = id;
        broker.receive(now, "client", submitted);
        history->begin(submitted);
        say_facts(
            {SlotBegan{{.platform = "linux", .version = "3.11.2"}}, UnitsNamed{{"a.py"}}, Ended{}});
        TestsFound found;
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            found.tests.push_back({"a.py::" + std::to_string(i)});
        }
        std::vector<Fact> facts = {found};
        for (std::uint32_t i = 0; i < outcomes.size(); ++i) {
            facts.push_back(Finished{i, {.outcome = outcomes[i], .seconds = {0, 0.5, 0}}});
        }
        if (ends) facts.push_back(Ended{});
        say_facts(facts);
        if (ends) say_facts({Ended{}});
        look();
    }
    // Of the job that the only slot has.
    void say_facts(std::vector<Fact> facts) {
        const Run& lane = *broker.find_run(submitted.run);
        if (lane.slots().empty()) come("worker", 1);
        const std::uint64_t job = lane.slots().begin()->second.jobs.front();
        const Attempt& attempt = *lane.find(job)->attempt;
        say(status(
            {{.id = {job, attempt.number}, .first = attempt.recorded, .facts = std::move(facts)}}));
    }
    std::vector<TestHistory> found(const std::string& text = "a.py") {
        return history->answer({.question = Question::history, .about = text}, wall);
    }
};

}  // namespace

TEST_CASE_FIXTURE(Learning, "verdicts of a run are kept for its project and environment") {
    run("run1", {Outcome::passed, Outcome::failed});
    const auto tests = found();
    REQUIRE(tests.size() == 2);
    CHECK(tests[0].project == "shop");
    CHECK(tests[0].environment == "Python 3.11");
    CHECK(tests[0].seconds == doctest::Approx(0.5));
    CHECK(tests[1].failures == 1);
}

TEST_CASE_FIXTURE(Learning, "the next run is told what to expect") {
    run("run1", {Outcome::passed, Outcome::failed});
    history->finish(wall);
    submitted.run = "run2";
    history->begin(submitted);
    const auto expected = history->expectations(submitted);
    REQUIRE(expected.size() == 1);
    REQUIRE(expected[0].units.size() == 1);
    CHECK(expected[0].units[0].seconds == doctest::Approx(1));
    CHECK(expected[0].units[0].failed);
    submitted.run = "run3";
    submitted.order.project = "other";
    history->begin(submitted);
    CHECK(history->expectations(submitted).empty());
}

TEST_CASE_FIXTURE(Learning, "both outcomes with one tree are a proof, over two runs") {
    submitted.spec.tree = TreeSpec{};
    submitted.spec.tree->id.bytes[0] = 0x4f;
    run("run1", {Outcome::passed});
    run("run2", {Outcome::failed});
    const auto flakes = history->answer({.question = Question::flakes}, wall);
    REQUIRE(flakes.size() == 1);
    REQUIRE(flakes[0].proofs.size() == 1);
    CHECK(flakes[0].proofs[0].failed_run == "run2");
    CHECK(flakes[0].proofs[0].tree.starts_with("4f00"));
}

TEST_CASE_FIXTURE(Learning, "a run that is over is written in the next turn, others seldom") {
    run("run1", {Outcome::passed}, false);
    CHECK(history->next_deadline() == now + std::chrono::seconds(5));
    history->write(now, wall);
    now += std::chrono::seconds(5);
    history->write(now, wall);
    history->write(now, wall);
    CHECK(history->next_deadline() == never);
    say_facts({Ended{}});
    say_facts({Ended{}});
    look();
    CHECK(history->next_deadline() <= now);
}

TEST_CASE_FIXTURE(Learning, "a broker that takes a run up again counts no verdict twice") {
    run("run1", {Outcome::passed}, false);
    history->finish(wall);
    open();
    history->begin(submitted);
    look();
    REQUIRE(found().size() == 1);
    CHECK(found()[0].verdicts == 1);
}

TEST_CASE_FIXTURE(Learning, "a run's changed paths count for its tests that failed at last") {
    submitted.spec.changed = {"b.c", "a.c", "b.c"};
    for (int i = 0; i < 3; ++i) run(std::to_string(i), {Outcome::passed, Outcome::error});
    const auto tests = found();
    CHECK(tests[0].changes.empty());
    CHECK(tests[1].changes == std::vector<CoFailure>{{"a.c", 3, 3}, {"b.c", 3, 3}});
    history->begin(submitted);
    CHECK(history->expectations(submitted)[0].units[0].named[1].failures == 1);
}

TEST_CASE_FIXTURE(Learning, "a failure that is run again counts by its last verdict") {
    submitted.spec.changed = {"a.c"};
    submitted.spec.retries = 1;
    for (int i = 0; i < 6; ++i) {
        run(std::to_string(i), {Outcome::failed}, false);
        say_facts({Ended{}});
        const Outcome last = i < 2 ? Outcome::failed : Outcome::passed;
        say_facts({TestsFound{{{"a.py::0"}}}, Finished{0, {.outcome = last}}, Ended{}});
        say_facts({Ended{}});
        look();
    }
    const auto tests = found();
    REQUIRE(tests.size() == 1);
    CHECK(tests[0].failures == 8);
    CHECK(tests[0].changes == std::vector<CoFailure>{{"a.c", 2, 6}});
}

TEST_CASE_FIXTURE(Learning, "a broker that takes a run up again counts its paths once") {
    submitted.spec.changed = {"a.c"};
    for (int i = 0; i < 3; ++i) {
        run(std::to_string(i), {Outcome::failed}, false);
        history->finish(wall);
        open();
        history->begin(submitted);
        look();
        say_facts({Ended{}});
        say_facts({Ended{}});
        look();
    }
    CHECK(found()[0].changes == std::vector<CoFailure>{{"a.c", 3, 3}});
}

TEST_CASE_FIXTURE(Learning, "what a client says to have changed is kept if it can be paths") {
    submitted.spec.changed = {"a.c", std::string(5000, 'x')};
    for (int i = 0; i < 3; ++i) run(std::to_string(i), {Outcome::failed});
    CHECK(found()[0].changes == std::vector<CoFailure>{{"a.c", 3, 3}});
    submitted.spec.changed.resize(changed_paths_max + 1);
    run("many", {Outcome::failed});
    CHECK(found()[0].changes == std::vector<CoFailure>{{"a.c", 3, 3}});
}

TEST_CASE_FIXTURE(Learning,
                  "what a run changes may be said later, until something of it is written") {
    // Whether that lets one expect more.
    const auto say_late = [this] {
        Submit late = submitted;
        late.spec.changed = {"a.c"};
        return history->hear_changes(late);
    };
    const auto end = [this] {
        for (int i = 0; i < 2; ++i) say_facts({Ended{}});
        look();
        history->finish(wall);
    };
    for (int i = 0; i < 3; ++i) {
        run(std::to_string(i), {Outcome::failed}, false);
        CHECK_FALSE(say_late());
        end();
    }
    CHECK(found()[0].changes == std::vector<CoFailure>{{"a.c", 3, 3}});
    run("next", {Outcome::passed}, false);
    CHECK(say_late());
    CHECK(history->expectations(submitted)[0].units[0].named[0].failures == 1);
    CHECK_FALSE(say_late());
    end();
    run("too late", {Outcome::failed}, false);
    history->finish(wall);
    CHECK_FALSE(say_late());
    end();
    CHECK(found()[0].changes == std::vector<CoFailure>{{"a.c", 3, 4}});
}

TEST_CASE_FIXTURE(Learning, "a file that could not be collected is no test") {
    submitted.run = "run1";
    broker.receive(now, "client", submitted);
    history->begin(submitted);
    say_facts({SlotBegan{}, UnitsNamed{{"a.py"}}, Ended{}});
    TestResult broken{.outcome = Outcome::error,
                      .details = Details{.phases = {{.when = "collect"}}}};
    say_facts({TestsFound{{{"a.py"}}}, Finished{0, broken}, Ended{}});
    look();
    CHECK(found().empty());
}

TEST_CASE_FIXTURE(Learning, "where there is no place for it one warning is said, and runs go on") {
    const std::string file = folder.write("file", "");
    history.emplace(file + "/below/history.db", "",
                    [this](const std::string& why) { warnings.push_back(why); });
    CHECK(warnings.size() == 1);
    run("run1", {Outcome::passed});
    CHECK(found().empty());
    CHECK(history->next_deadline() == never);
    CHECK(warnings.size() == 1);
}

TEST_CASE("an environment is called by its name and its interpreter") {
    const SlotFacts python{.platform = "linux", .version = "3.11.2"};
    CHECK(environment_of("", python) == "Python 3.11");
    CHECK(environment_of("old", python) == "old, Python 3.11");
    CHECK(environment_of("", {.platform = "linux"}) == "linux");
}
