// The file of the history of tests: what is there when it is opened again, and what is not kept.
#include "broker/history_store.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/client/temp_folder.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

constexpr std::chrono::seconds day = std::chrono::hours(24);

struct Stored {
    client::TempFolder folder;
    std::filesystem::path file = folder / "history.db";
    std::chrono::seconds wall = 1000 * day;
    std::uint64_t event = 0;

    HistoryStore open() {
        Result<HistoryStore> store = HistoryStore::open(file);
        REQUIRE_MESSAGE(store, (store ? "" : store.error()));
        return std::move(*store);
    }
    void see(HistoryStore& store, const std::string& run, const std::string& tree,
             HistoryVerdict verdict) {
        if (verdict.environment.empty()) verdict.environment = "Python 3.11";
        verdict.event = event++;
        REQUIRE_FALSE(store.add({"shop", run, tree}, {std::move(verdict)}, wall));
    }
};

HistoryVerdict of(const std::string& test, Outcome outcome = Outcome::passed,
                  std::uint32_t milliseconds = 10) {
    return {.unit = "a.py",
            .test = {"a.py::" + test},
            .outcome = outcome,
            .microseconds = milliseconds * 1000};
}

}  // namespace

TEST_CASE_FIXTURE(Stored, "what was seen of a test is there when the file is opened again") {
    {
        HistoryStore store = open();
        see(store, "run1", "tree1", of("x"));
    }
    HistoryStore store = open();
    see(store, "run2", "tree2", of("x", Outcome::failed, 30));
    const auto found = store.find("shop", "a.py::x", 9);
    REQUIRE(found.size() == 1);
    CHECK(found[0].project == "shop");
    CHECK(found[0].environment == "Python 3.11");
    CHECK(found[0].verdicts == 2);
    CHECK(found[0].seconds == doctest::Approx(0.016));
    REQUIRE(found[0].last.size() == 2);
    CHECK(found[0].last[0].run == "run2");
    CHECK(found[0].last[0].tree == "tree2");
    CHECK(found[0].last[1].outcome == Outcome::passed);
    CHECK(found[0].suspected);
}

TEST_CASE_FIXTURE(Stored, "a proof names the two runs and their tree") {
    HistoryStore store = open();
    see(store, "run1", "tree", of("x"));
    see(store, "run2", "tree", of("x", Outcome::failed));
    const auto found = store.flakes("shop", 9);
    REQUIRE(found.size() == 1);
    REQUIRE(found[0].proofs.size() == 1);
    CHECK(found[0].proofs[0].tree == "tree");
    CHECK(found[0].proofs[0].passed_run == "run1");
    CHECK(found[0].proofs[0].failed_run == "run2");
    CHECK_FALSE(found[0].suspected);
}

TEST_CASE_FIXTURE(Stored, "another tree, environment or kind of slot proves nothing") {
    HistoryStore store = open();
    see(store, "run1", "tree", of("x"));
    see(store, "run2", "other", of("x", Outcome::failed));
    HistoryVerdict elsewhere = of("x", Outcome::failed);
    elsewhere.environment = "Python 3.12";
    see(store, "run3", "tree", elsewhere);
    HistoryVerdict otherwise = of("x", Outcome::failed);
    otherwise.kind = 7;
    see(store, "run4", "tree", otherwise);
    for (const TestHistory& one : store.find("shop", "a.py::x", 9)) CHECK(one.proofs.empty());
}

TEST_CASE_FIXTURE(Stored, "without a tree only attempts of one run prove anything") {
    HistoryStore store = open();
    see(store, "run1", "", of("x"));
    see(store, "run2", "", of("x", Outcome::failed));
    CHECK(store.find("", "x", 9)[0].proofs.empty());
    see(store, "run3", "", of("y", Outcome::failed));
    see(store, "run3", "", of("y"));
    CHECK(store.find("", "::y", 9)[0].proofs.size() == 1);
    const auto flakes = store.flakes("", 9);
    REQUIRE(flakes.size() == 2);
    CHECK(flakes[0].test.id == "a.py::y");
    CHECK(flakes[1].suspected);
}

TEST_CASE_FIXTURE(Stored, "a test is found by its id, else by a part of it; in its project") {
    HistoryStore store = open();
    for (const char* test : {"x", "xy", "z"}) see(store, "run", "", of(test));
    CHECK(store.find("shop", "a.py::x", 9).size() == 1);
    CHECK(store.find("shop", "::x", 9).size() == 2);
    CHECK(store.find("shop", "a.py", 9).size() == 3);
    CHECK(store.find("shop", "a.py", 2).size() == 2);
    CHECK(store.find("other", "a.py", 9).empty());
    CHECK(store.find("shop", "%", 9).empty());
}

TEST_CASE_FIXTURE(Stored, "units are expected to take what their tests took") {
    HistoryStore store = open();
    see(store, "run", "", of("x", Outcome::passed, 400));
    see(store, "run", "", of("y", Outcome::passed, 2));
    see(store, "run", "", of("z", Outcome::failed, 3));
    const auto units = store.expected("shop", "");
    REQUIRE(units.size() == 1);
    CHECK(units[0].unit == "a.py");
    CHECK(units[0].seconds == doctest::Approx(0.405));
    CHECK(units[0].tests == 3);
    CHECK(units[0].failed);
    REQUIRE(units[0].named.size() == 2);
    CHECK(units[0].named[0].test.id == "a.py::x");
    CHECK(units[0].named[1].failed);
    CHECK(store.expected("other", "").empty());
    CHECK(store.expected("shop", "py").empty());
}

TEST_CASE_FIXTURE(Stored, "how often a test fails of late is known when it has run five times") {
    HistoryStore store = open();
    const auto failures = [&] {
        const auto units = store.expected("shop", "");
        return units[0].named.empty() ? 0 : units[0].named[0].failures;
    };
    see(store, "run", "", of("x", Outcome::failed));
    for (int i = 0; i < 3; ++i) see(store, "run", "", of("x"));
    see(store, "run", "", of("x", Outcome::skipped));
    CHECK(failures() == 0);
    see(store, "run", "", of("x"));
    CHECK(failures() == doctest::Approx(0.2));
    for (int i = 0; i < 20; ++i) see(store, "run", "", of("x"));
    CHECK(failures() == 0);
}

TEST_CASE_FIXTURE(Stored, "a test that its unit has run without for long is not expected") {
    HistoryStore store = open();
    see(store, "run1", "", of("renamed"));
    wall += 8 * day;
    see(store, "run2", "", of("x"));
    CHECK(store.expected("shop", "")[0].tests == 1);
}

TEST_CASE_FIXTURE(Stored, "how far a run's log was taken is known, in each of its lives") {
    HistoryStore store = open();
    see(store, "run", "", of("x"));
    see(store, "run", "", of("y"));
    CHECK(store.taken({"shop", "run", ""}) == 2);
    CHECK(store.taken({.project = "shop", .run = "run", .epoch = 1}) == 0);
}

TEST_CASE_FIXTURE(Stored, "what is too old is forgotten, and what is too much") {
    HistoryStore store = open();
    see(store, "run", "", of("old"));
    wall += 60 * day;
    for (const char* test : {"x", "y", "z"}) {
        wall += std::chrono::seconds(1);
        see(store, "run", "", of(test));
    }
    store.prune(wall + 40 * day);
    CHECK(store.find("", "old", 9).empty());
    CHECK(store.find("", "a.py", 9).size() == 3);
    store.prune(wall + 40 * day + std::chrono::hours(1), 1);  // it has just looked
    CHECK(store.find("", "a.py", 9).size() == 3);
    store.prune(wall + 42 * day, 1);
    REQUIRE(store.find("", "a.py", 9).size() == 1);
    CHECK(store.find("", "a.py", 9)[0].test.id == "a.py::z");
}

TEST_CASE_FIXTURE(Stored, "a history of a later version is left alone") {
    open();
    {
        Result<Database> database = Database::open(file);
        database->run("pragma user_version = 99");
    }
    Result<HistoryStore> store = HistoryStore::open(file);
    REQUIRE_FALSE(store);
    CHECK(store.error().find("later xgrid") != std::string::npos);
}

TEST_CASE_FIXTURE(Stored, "a file that is no history is named, and left as it is") {
    std::ofstream(file) << std::string(5000, 'x');
    Result<HistoryStore> store = HistoryStore::open(file);
    REQUIRE_FALSE(store);
    CHECK(store.error().find("history.db is damaged") != std::string::npos);
    CHECK(std::filesystem::file_size(file) == 5000);
}
