#include "broker/journal.hpp"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "shared/values.hpp"
#include "tests/client/temp_folder.hpp"

namespace xgrid::broker {
namespace {

constexpr std::chrono::seconds noon = std::chrono::hours(12);

struct Kept {
    client::TempFolder folder;

    Journal open() {
        Result<Journal> journal = Journal::open(folder.path());
        REQUIRE_MESSAGE(journal, (journal ? "" : journal.error()));
        return std::move(*journal);
    }
    std::string error() {
        Result<Journal> journal = Journal::open(folder.path());
        REQUIRE(!journal);
        return journal.error();
    }
    std::filesystem::path file() const { return folder / "journal.db"; }
};

JournalEntry begun(std::uint64_t number, const std::string& run) {
    return RunBegun{number, 5, Submit{.run = run, .order = {.user = "ann", .stays = true}}};
}

JournalEntry over(std::uint64_t number, const std::string& run, std::size_t events = 1,
                  std::size_t bytes = 1) {
    RunOver over{.number = number, .summary = {.run = run, .took = 2}, .epoch = 3};
    for (std::size_t i = 0; i < events; ++i) {
        over.events.emplace_back(NoteSeen{"gw0", std::string(bytes, 'x') + std::to_string(i)});
    }
    return over;
}

TEST_CASE_FIXTURE(Kept, "what was kept is there in the next life, in order, under the same name") {
    const std::vector<JournalEntry> entries = {
        WorkerCame{7, "session", "host"},
        begun(0, "a"),
        RunStep{0, 6, SlotGiven{0, 7, 0}},
        RunStep{0, 7, Scheduled{0, 2, 9}},
        RunStep{0, 8, FactRecorded{0, {1, 1}, Finished{3, {.outcome = Outcome::failed}}, "host"}},
        RunStep{0, 9, WorkerLost{7, "lost"}},
        RunStep{0, 9, RunCancelled{}},
        WorkerGone{7}};
    std::string token;
    {
        Journal journal = open();
        token = journal.token();
        CHECK(journal.life() == 1);
        CHECK(journal.entries()->empty());
        CHECK(journal.runs() == 0);
        CHECK(!journal.keep({entries.begin(), entries.begin() + 3}, noon));
        CHECK(!journal.keep({entries.begin() + 3, entries.end()}, noon));
    }
    Journal journal = open();
    CHECK(journal.token() == token);
    CHECK(!token.empty());
    CHECK(journal.life() == 2);
    CHECK(*journal.entries() == entries);
    CHECK(journal.runs() == 1);
}

TEST_CASE_FIXTURE(Kept, "of a run that is over its events are kept, and no step") {
    Journal journal = open();
    CHECK(!journal.keep({begun(0, "abc"), begun(1, "abd"), RunStep{0, 6, TimePassed{}}}, noon));
    const JournalEntry end = over(0, "abc", 3000, 1000);  // more than one piece
    CHECK(!journal.keep({end}, noon));
    CHECK(*journal.entries() == std::vector<JournalEntry>{begun(1, "abd")});
    REQUIRE(journal.find_over("abc") != nullptr);
    CHECK(*journal.find_over("abc") == std::get<RunOver>(end));
    CHECK(*journal.find_over("a") == std::get<RunOver>(end));
    CHECK(journal.find_over("abd") == nullptr);
    CHECK(journal.find_over("") == nullptr);
    CHECK(!journal.keep({over(1, "abd"), over(2, "ab")}, noon));
    CHECK(journal.find_over("a") == nullptr);  // it may be either
    CHECK(journal.find_over("ab")->summary.run == "ab");
    CHECK(journal.find_over("abd")->events.size() == 1);
    CHECK(journal.runs() == 3);
    const std::vector<RunSummary> all = journal.summaries(noon + std::chrono::seconds(5), 2);
    REQUIRE(all.size() == 2);
    CHECK(all[0].run == "ab");
    CHECK(all[0].age == 7);
}

TEST_CASE_FIXTURE(Kept, "events of a run that is over come in the pieces that are kept") {
    Journal journal = open();
    RunOver over3000 = std::get<RunOver>(over(0, "abc", 3000, 1000));
    for (std::uint32_t i = 0; i < 3000; ++i) over3000.times.push_back(i);
    CHECK(!journal.keep({over3000}, noon));
    REQUIRE(journal.find_facts("ab") != nullptr);
    CHECK(journal.find_facts("ab")->summary.run == "abc");
    CHECK(journal.find_facts("ab")->events.empty());
    CHECK(journal.find_facts("b") == nullptr);
    std::vector<Event> all;
    std::vector<std::uint32_t> times;
    bool more = true;
    while (more) {
        const Journal::Kept kept = journal.events_at(0, all.size());
        std::vector<Event> some;
        std::vector<std::uint32_t> when;
        REQUIRE(from_bytes(kept.events, some));
        REQUIRE(from_bytes(kept.at, when));
        CHECK(kept.first == all.size());
        CHECK(kept.events.size() < 2'000'000);
        all.insert(all.end(), some.begin(), some.end());
        times.insert(times.end(), when.begin(), when.end());
        more = kept.more;
    }
    CHECK(all == over3000.events);
    CHECK(times == over3000.times);
    CHECK(journal.events_at(0, 2999).first > 0);
    CHECK(journal.events_at(1, 0).events.empty());
}

TEST_CASE_FIXTURE(Kept,
                  "what is over since the list was read is in it, and what was pruned is not") {
    Journal journal = open();
    CHECK(!journal.keep({over(0, "a")}, noon));
    CHECK(journal.summaries(noon, 9).size() == 1);
    CHECK(!journal.keep({over(1, "b")}, noon + std::chrono::seconds(5)));
    const std::vector<RunSummary> both = journal.summaries(noon + std::chrono::seconds(6), 9);
    REQUIRE(both.size() == 2);
    CHECK(both[0].run == "b");
    CHECK(both[1].age - both[0].age == 5);
    journal.prune(noon + std::chrono::seconds(6), std::chrono::seconds(3), 1'000'000);
    CHECK(journal.summaries(noon, 9).size() == 1);
}

TEST_CASE_FIXTURE(Kept, "results go by their age, and the oldest by what all take") {
    Journal journal = open();
    for (std::uint64_t i = 0; i < 6; ++i) {
        const std::string name(1, static_cast<char>('a' + i));
        CHECK(!journal.keep({over(i, name, 10, 1000)}, noon + std::chrono::seconds(i)));
    }
    const auto runs = [&] {
        std::string names;
        for (const RunSummary& one : journal.summaries(noon, 9)) names += one.run;
        return names;
    };
    journal.prune(noon + std::chrono::seconds(100), std::chrono::seconds(99), 1'000'000);
    CHECK(runs() == "fedcb");
    CHECK(journal.find_over("a") == nullptr);
    journal.prune(noon, std::chrono::seconds(999), 25'000);
    CHECK(runs() == "fe");
    CHECK(journal.find_over("e")->events.size() == 10);
}

TEST_CASE_FIXTURE(Kept, "a journal that is none, or damaged, is told of and left as it is") {
    std::ofstream(file()) << std::string(5000, 'x');
    CHECK(error().find(file().string() + " is damaged") != std::string::npos);
    CHECK(std::filesystem::file_size(file()) == 5000);
}

TEST_CASE_FIXTURE(Kept, "an entry that is none is told of") {
    { Journal journal = open(); }
    {
        Result<Database> database = Database::open(file());
        database->run("insert into entries (run, entry) values (0, x'c1')");
        CHECK(!database->take_trouble());
    }
    Journal journal = open();
    CHECK(journal.entries().error().find("damaged") != std::string::npos);
}

TEST_CASE_FIXTURE(Kept, "a journal of a later version is left alone") {
    { Journal journal = open(); }
    {
        Result<Database> database = Database::open(file());
        database->run("pragma user_version = 99");
    }
    CHECK(error().find("of a later xgrid (version 99") != std::string::npos);
}

TEST_CASE_FIXTURE(Kept,
                  "a journal of an earlier version gets what it lacks, and keeps what it has") {
    {
        Journal journal = open();
        CHECK(!journal.keep({begun(0, "old"), over(0, "old", 3), begun(1, "new")}, noon));
    }
    {
        Result<Database> database = Database::open(file());
        database->run("pragma user_version = 0");
        database->run("drop index runs_by_time");
        CHECK(!database->take_trouble());
    }
    {
        Journal journal = open();
        CHECK(journal.life() == 2);
        CHECK(journal.runs() == 2);
        CHECK(*journal.entries() == std::vector<JournalEntry>{begun(1, "new")});
        REQUIRE(journal.find_over("old") != nullptr);
        CHECK(journal.find_over("old")->events.size() == 3);
        CHECK(!journal.keep({over(1, "new")}, noon));
        CHECK(journal.summaries(noon, 9).size() == 2);
    }
    Result<Database> database = Database::open(file());
    CHECK(database->integer("pragma user_version") == journal_version);
    CHECK(database->integer("select count(*) from sqlite_master where name = 'runs_by_time'") == 1);
}

TEST_CASE_FIXTURE(Kept, "two brokers do not use one journal") {
    const Journal journal = open();
    CHECK(error().find("another broker uses " + folder.path()) != std::string::npos);
}

}  // namespace
}  // namespace xgrid::broker
