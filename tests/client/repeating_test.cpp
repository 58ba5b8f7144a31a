#include "client/repeating.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace xgrid::client {
namespace {

using Ids = std::vector<std::string>;

class Round {
public:
    explicit Round(Repeating& repeating) : repeating_(repeating) {}

    Round& loads(const std::string& unit, const Ids& tests) {
        UnitLoaded event{.unit = unit};
        for (const std::string& id : tests) event.tests.push_back({.id = id});
        repeating_.add(UnitsKnown{.units = 1, .names = {unit}});
        repeating_.add(event);
        return *this;
    }
    Round& finishes(const std::string& id, Outcome outcome, std::uint32_t environment = 0) {
        repeating_.add(TestFinished{.unit = id.substr(0, id.find("::")),
                                    .test = {.id = id},
                                    .result = {.outcome = outcome},
                                    .environment = environment});
        return *this;
    }
    Round& fails(const std::string& id) { return finishes(id, Outcome::failed); }
    Round& passes(const std::string& id) { return finishes(id, Outcome::passed); }
    Round& cannot_collect(const std::string& unit) {
        loads(unit, {unit});
        TestResult result{.outcome = Outcome::error, .details = Details{}};
        result.details->phases.push_back({.when = "collect"});
        repeating_.add(TestFinished{.unit = unit, .test = {.id = unit}, .result = result});
        return *this;
    }
    Repeating::Next ends(RunFinished end = {}) {
        repeating_.add(end);
        return repeating_.end();
    }

private:
    Repeating& repeating_;
};

// After a round of everything in which these failed.
Repeating failing(const Ids& ids, const Ids& passing = {}) {
    Repeating repeating;
    Round round(repeating);
    Ids all = ids;
    all.insert(all.end(), passing.begin(), passing.end());
    round.loads("test_a.py", all);
    for (const std::string& id : ids) round.fails(id);
    for (const std::string& id : passing) round.passes(id);
    CHECK(round.ends() == Repeating::Next::wait);
    CHECK(repeating.plan() == ids);
    return repeating;
}

TEST_CASE("a loop begins with everything, and waits when all of it has passed") {
    Repeating repeating;
    CHECK(repeating.plan().empty());
    const auto next =
        Round(repeating).loads("test_a.py", {"test_a.py::one"}).passes("test_a.py::one").ends();
    CHECK(next == Repeating::Next::wait);
    CHECK(repeating.plan().empty());
}

TEST_CASE("what failed runs next, in the suite's order") {
    Repeating repeating;
    Round round(repeating);
    round.loads("test_b.py", {"test_b.py::z", "test_b.py::a"})
        .loads("test_a.py", {"test_a.py::one"});
    round.fails("test_a.py::one").fails("test_b.py::a").finishes("test_b.py::z", Outcome::error);
    CHECK(round.ends() == Repeating::Next::wait);
    CHECK(repeating.plan() == Ids{"test_b.py::z", "test_b.py::a", "test_a.py::one"});
}

TEST_CASE("a test that passes is left out, and when none fails everything runs at once") {
    Repeating repeating = failing({"test_a.py::one", "test_a.py::two"});
    auto next = Round(repeating)
                    .loads("test_a.py", {"test_a.py::one", "test_a.py::two"})
                    .passes("test_a.py::one")
                    .fails("test_a.py::two")
                    .ends();
    CHECK(next == Repeating::Next::wait);
    CHECK(repeating.plan() == Ids{"test_a.py::two"});
    next = Round(repeating).loads("test_a.py", {"test_a.py::two"}).passes("test_a.py::two").ends();
    CHECK(next == Repeating::Next::again);
    CHECK(repeating.plan().empty());
}

TEST_CASE("a failure that only everything together brings about does not run for ever") {
    Repeating repeating = failing({"test_a.py::one"});
    CHECK(Round(repeating).loads("test_a.py", {"test_a.py::one"}).passes("test_a.py::one").ends() ==
          Repeating::Next::again);
    CHECK(Round(repeating).loads("test_a.py", {"test_a.py::one"}).fails("test_a.py::one").ends() ==
          Repeating::Next::wait);
}

TEST_CASE("a test that is gone is left out") {
    SUBCASE("from its file") {
        Repeating repeating = failing({"test_a.py::one", "test_a.py::two"});
        CHECK(Round(repeating)
                  .loads("test_a.py", {"test_a.py::two"})
                  .fails("test_a.py::two")
                  .ends() == Repeating::Next::wait);
        CHECK(repeating.plan() == Ids{"test_a.py::two"});
    }
    SUBCASE("with its file, and then everything runs") {
        Repeating repeating = failing({"test_a.py::one"});
        CHECK(Round(repeating).ends() == Repeating::Next::again);
        CHECK(repeating.failing().empty());
    }
}

TEST_CASE("a framework that will not run without those that are gone runs everything") {
    Repeating repeating = failing({"test_a.py::one"});
    CHECK(Round(repeating).ends({RunEnd::refused, 4, "ERROR: not found: test_a.py::one"}) ==
          Repeating::Next::again);
    CHECK(repeating.plan().empty());
}

TEST_CASE("what a round says nothing of stays") {
    Repeating repeating = failing({"test_a.py::one", "test_a.py::two"});
    Round round(repeating);
    SUBCASE("as its file cannot be collected, which then is not run as a whole") {
        CHECK(round.cannot_collect("test_a.py").ends() == Repeating::Next::wait);
    }
    SUBCASE("as nothing begins: a conftest is broken") {
        CHECK(round.ends({RunEnd::refused, 4, "ImportError while loading conftest"}) ==
              Repeating::Next::wait);
    }
    SUBCASE("as the round stops after a failure") {
        round.loads("test_a.py", {"test_a.py::one", "test_a.py::two"}).fails("test_a.py::one");
        CHECK(round.ends({RunEnd::stopped, 1, "stopping after 1 failures"}) ==
              Repeating::Next::wait);
    }
    SUBCASE("as there was no end") { CHECK(repeating.end() == Repeating::Next::wait); }
    CHECK(repeating.plan() == Ids{"test_a.py::one", "test_a.py::two"});
}

TEST_CASE("a file that cannot be collected is run as a whole when nothing is known of its tests") {
    Repeating repeating;
    CHECK(Round(repeating).cannot_collect("test_a.py").ends() == Repeating::Next::wait);
    CHECK(repeating.plan() == Ids{"test_a.py"});
    CHECK(Round(repeating).loads("test_a.py", {"test_a.py::one"}).passes("test_a.py::one").ends() ==
          Repeating::Next::again);
}

TEST_CASE("a test fails that fails in any environment") {
    Repeating repeating;
    Round round(repeating);
    round.loads("test_a.py", {"test_a.py::one"});
    round.finishes("test_a.py::one", Outcome::failed, 1).passes("test_a.py::one");
    round.ends();
    CHECK(repeating.plan() == Ids{"test_a.py::one"});
}

TEST_CASE("a test whose teardown fails later on fails") {
    Repeating repeating;
    Round(repeating).loads("test_a.py", {"test_a.py::one"}).passes("test_a.py::one");
    repeating.add(TeardownFailed{.unit = "test_a.py", .test = {.id = "test_a.py::one"}});
    Round(repeating).ends();
    CHECK(repeating.plan() == Ids{"test_a.py::one"});
}

TEST_CASE("everything runs when it is asked for, and what then fails is all that does") {
    Repeating repeating = failing({"test_a.py::one"}, {"test_a.py::two"});
    repeating.run_everything();
    CHECK(repeating.plan().empty());
    CHECK(Round(repeating)
              .loads("test_a.py", {"test_a.py::one", "test_a.py::two"})
              .passes("test_a.py::one")
              .fails("test_a.py::two")
              .ends() == Repeating::Next::wait);
    CHECK(repeating.plan() == Ids{"test_a.py::two"});
}

}  // namespace
}  // namespace xgrid::client
