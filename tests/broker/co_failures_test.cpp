// Which tests fail in runs that change which paths: what is counted, kept, and told.
#include "broker/co_failures.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "broker/history_store.hpp"
#include "broker/outlook.hpp"
#include "tests/client/temp_folder.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

using Paths = std::vector<std::string>;

constexpr std::chrono::seconds day = std::chrono::hours(24);

HistoryVerdict of(const std::string& test, Outcome outcome, std::uint32_t milliseconds) {
    return {.unit = test + ".py",
            .test = {test + ".py::it"},
            .environment = "Python 3.11",
            .outcome = outcome,
            .microseconds = milliseconds * 1000,
            .ends_red = outcome == Outcome::failed};
}

struct Changing {
    client::TempFolder folder;
    std::filesystem::path file = folder / "history.db";
    std::chrono::seconds wall = 1000 * day;
    HistoryStore store = open();
    int runs = 0;

    HistoryStore open() const {
        Result<HistoryStore> opened = HistoryStore::open(file);
        REQUIRE_MESSAGE(opened, (opened ? "" : opened.error()));
        return std::move(*opened);
    }
    // A run of "quick", which is red or not, and of two that take long.
    void run(const Paths& changed, bool red) {
        const HistoryRun run{
            .project = "shop", .run = "run" + std::to_string(++runs), .changed = changed};
        std::vector<HistoryVerdict> verdicts = {
            of("quick", red ? Outcome::failed : Outcome::passed, 1),
            of("long", Outcome::passed, 2000), of("longer", Outcome::passed, 3000)};
        for (std::size_t i = 0; i < verdicts.size(); ++i) verdicts[i].event = i;
        // In two parts, as a run writes that goes on.
        REQUIRE_FALSE(store.add(run, {verdicts[1]}, wall));
        REQUIRE_FALSE(store.add(run, {verdicts[0], verdicts[2]}, wall));
    }
    std::vector<CoFailure> told(const std::string& test = "quick") {
        const auto found = store.find("shop", test + ".py::it", 9);
        REQUIRE(found.size() == 1);
        return found[0].changes;
    }
    std::int64_t count(const std::string& table) const {
        Result<Database> database = Database::open(file);
        return database->integer("select count(*) from " + table);
    }
    Outlook outlook(const Paths& changed) {
        Outlook outlook;
        outlook.learn(store.expected("shop", "", changed));
        return outlook;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Changing, "a path is told when it was changed in three runs, two of them red") {
    run({"a.c"}, true);
    run({"a.c"}, true);
    CHECK(told().empty());
    run({"a.c"}, false);
    CHECK(told() == std::vector<CoFailure>{{"a.c", 2, 3}});
    CHECK(told("long").empty());
}

TEST_CASE_FIXTURE(Changing, "a test that failed once with a path says nothing of it") {
    run({"a.c"}, true);
    for (int i = 0; i < 5; ++i) run({"a.c"}, false);
    CHECK(told().empty());
}

TEST_CASE_FIXTURE(Changing, "the strongest of five paths come first") {
    const Paths all = {"a", "b", "c", "d", "e", "f"};
    for (int i = 0; i < 3; ++i) run(all, true);
    run({"a"}, false);
    run({"b"}, true);
    run({"c"}, true);
    const std::vector<CoFailure> changes = told();
    REQUIRE(changes.size() == 5);
    CHECK(changes[0] == CoFailure{"b", 4, 4});
    CHECK(changes[1] == CoFailure{"c", 4, 4});
    CHECK(changes[2] == CoFailure{"d", 3, 3});
}

TEST_CASE_FIXTURE(Changing, "paths belong to their project") {
    for (int i = 0; i < 3; ++i) run({"a.c"}, true);
    const HistoryRun other{.project = "bank", .run = "other", .changed = {"a.c"}};
    REQUIRE_FALSE(store.add(other, {of("quick", Outcome::passed, 1)}, wall));
    for (const TestHistory& test : store.find("", "quick.py::it", 9)) {
        CHECK(test.changes.empty() == (test.project == "bank"));
    }
}

TEST_CASE_FIXTURE(Changing, "what was counted is there when the file is opened again") {
    for (int i = 0; i < 2; ++i) run({"a.c"}, true);
    store = open();
    run({"a.c"}, false);
    CHECK(told() == std::vector<CoFailure>{{"a.c", 2, 3}});
}

TEST_CASE_FIXTURE(Changing,
                  "a run that changes no path, or of which none is known, writes nothing") {
    run({}, true);
    CHECK(count("changed_paths") == 0);
    CHECK(count("co_failures") == 0);
}

TEST_CASE_FIXTURE(Changing, "a run whose verdicts cannot be written has not changed its paths") {
    {
        Result<Database> database = Database::open(file);
        database->run("drop table co_failures");
    }
    const HistoryRun run{.project = "shop", .run = "run", .changed = {"a.c"}};
    CHECK(store.add(run, {of("quick", Outcome::failed, 1)}, wall));
    CHECK(store.taken(run) == 0);
    CHECK(count("changed_paths") == 0);
}

TEST_CASE_FIXTURE(Changing, "a test goes first in a run that changes what it fails with") {
    for (int i = 0; i < 2; ++i) run({"a.c"}, true);
    run({"a.c", "b.c"}, false);
    const Outlook changing = outlook({"a.c"});
    CHECK(changing.rank_of("quick.py").goes_before(changing.rank_of("longer.py")));
    CHECK(changing.rank_of("quick.py").failures == doctest::Approx(2.0 / 3 / 0.01));
    CHECK(changing.rank_of("longer.py").goes_before(changing.rank_of("long.py")));
    for (const Paths& others : {Paths{}, Paths{"b.c"}, Paths{"c.c"}}) {
        const Outlook other = outlook(others);
        CHECK(other.rank_of("longer.py").goes_before(other.rank_of("quick.py")));
    }
}

TEST_CASE_FIXTURE(Changing,
                  "of several paths, and of how often it fails of late, the most counts") {
    for (int i = 0; i < 3; ++i) run({"a.c"}, true);
    for (int i = 0; i < 3; ++i) run({"a.c", "b.c"}, i > 0);
    for (int i = 0; i < 4; ++i) run({}, false);
    const auto failures = [&](const Paths& changed) {
        return outlook(changed).rank_of("quick.py").failures * 0.01;
    };
    CHECK(failures({}) == doctest::Approx(0.5));
    CHECK(failures({"b.c"}) == doctest::Approx(2.0 / 3));
    CHECK(failures({"a.c", "b.c"}) == doctest::Approx(5.0 / 6));
}

TEST_CASE_FIXTURE(Changing, "what is too old is forgotten, and what is of no project") {
    for (int i = 0; i < 3; ++i) run({"old.c", "new.c"}, true);
    wall += 60 * day;
    for (int i = 0; i < 2; ++i) run({"new.c"}, true);
    store.prune(wall + 40 * day);
    CHECK(told() == std::vector<CoFailure>{{"new.c", 5, 5}});
    CHECK(count("changed_paths") == 1);
    CHECK(count("co_failures") == 1);
    store.prune(wall + 100 * day);
    CHECK(count("changed_paths") == 0);
    CHECK(count("co_failures") == 0);
}

TEST_CASE_FIXTURE(Changing, "of too much, what was seen last is kept") {
    for (const char* path : {"a.c", "b.c", "c.c"}) {
        wall += std::chrono::seconds(1);
        for (int i = 0; i < 3; ++i) run({path}, true);
    }
    {
        Result<Database> database = Database::open(file);
        CoFailures::prune(*database, 0, 2);
        REQUIRE_FALSE(database->take_trouble());
    }
    CHECK(told() == std::vector<CoFailure>{{"b.c", 3, 3}, {"c.c", 3, 3}});
}

TEST_CASE("a history of the first version keeps what it has, and counts from now on") {
    const client::TempFolder folder;
    const std::filesystem::path file = folder / "history.db";
    {
        Result<Database> database = Database::open(file);
        database->run_all(R"(
create table pruned (row integer primary key, at integer);
create table projects (number integer primary key, name blob unique);
create table origins (number integer primary key, run blob, tree blob, kind integer, at integer);
create index origins_of_run on origins (run);
create table taken (run blob primary key, events integer, at integer) without rowid;
create table tests (
    project integer, unit blob, test blob, occurrence integer, environment blob,
    microseconds integer, verdicts integer, failures integer, first_seen integer,
    last_seen integer, failed integer, flaky integer, last blob, proofs blob,
    primary key (project, unit, test, occurrence, environment)) without rowid;
create index flaky_tests on tests (flaky) where flaky > 0;
insert into projects values (7, cast('shop' as blob));
insert into taken values (cast('run 3' as blob), 12, 500);
insert into tests values (7, cast('a.py' as blob), cast('a.py::x' as blob), 0,
    cast('Python 3.11' as blob), 2000000, 9, 0, 100, 500, 0, 0, x'90', x'90');
pragma user_version = 1;
)");
        REQUIRE_FALSE(database->take_trouble());
    }
    for (int life = 0; life < 2; ++life) {
        Result<HistoryStore> store = HistoryStore::open(file);
        REQUIRE_MESSAGE(store, (store ? "" : store.error()));
        CHECK(store->taken({.run = "run", .epoch = 3}) == 12);
        const auto found = store->find("shop", "a.py::x", 9);
        REQUIRE(found.size() == 1);
        CHECK(found[0].seconds == doctest::Approx(2));
        CHECK(found[0].verdicts == 9 + 2 * life);
        for (int i = 0; i < 2; ++i) {
            const HistoryRun run{.project = "shop",
                                 .run = std::to_string(life) + std::to_string(i),
                                 .changed = {"a.c"}};
            REQUIRE_FALSE(store->add(run,
                                     {{.unit = "a.py",
                                       .test = {"a.py::x"},
                                       .environment = "Python 3.11",
                                       .outcome = Outcome::failed,
                                       .microseconds = 2'000'000,
                                       .ends_red = true}},
                                     std::chrono::seconds(600)));
        }
    }
    Result<HistoryStore> store = HistoryStore::open(file);
    CHECK(store->find("shop", "a.py::x", 9)[0].changes == std::vector<CoFailure>{{"a.c", 4, 4}});
    CHECK(Database::open(file)->integer("pragma user_version") == history_version);
}
