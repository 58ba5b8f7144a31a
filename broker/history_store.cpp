#include "broker/history_store.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "shared/ensure.hpp"
#include "shared/values.hpp"

namespace xgrid::broker {
namespace {

// Verdicts name what they have in common by a number. WITHOUT ROWID, tests of a unit lie together.
constexpr const char* tables = R"(
create table if not exists pruned (row integer primary key, at integer);
create table if not exists projects (number integer primary key, name blob unique);
create table if not exists origins (number integer primary key, run blob, tree blob, kind integer,
                                    at integer);
create index if not exists origins_of_run on origins (run);
create table if not exists taken (run blob primary key, events integer, at integer) without rowid;
create table if not exists tests (
    project integer, unit blob, test blob, occurrence integer, environment blob,
    microseconds integer, verdicts integer, failures integer, first_seen integer,
    last_seen integer, failed integer, flaky integer, last blob, proofs blob,
    primary key (project, unit, test, occurrence, environment)) without rowid;
create index if not exists flaky_tests on tests (flaky) where flaky > 0;
)";

// As history_of() reads them.
constexpr const char* columns =
    "name, unit, test, occurrence, environment, microseconds, verdicts, failures, first_seen, "
    "last_seen, flaky, last, proofs, project";

constexpr std::size_t origins_kept_max = 10'000;
constexpr std::chrono::seconds prune_pause = std::chrono::hours(24);

// A test that its unit has run without for so long is not in it any more.
constexpr std::int64_t gone_seconds = std::int64_t{7} * 24 * 3600;

std::string key_of(const HistoryRun& run) { return fmt::format("{} {}", run.run, run.epoch); }

}  // namespace

Result<HistoryStore> HistoryStore::open(const std::filesystem::path& file) {
    std::error_code failed;
    std::filesystem::create_directories(file.parent_path(), failed);
    if (failed) {
        return Error{
            fmt::format("cannot make {}: {}", file.parent_path().string(), failed.message())};
    }
    Result<Database> database = Database::open(file);
    if (!database) return Error{database.error()};
    HistoryStore store(*std::move(database));
    if (auto error = store.begin()) {
        if (!store.database_.broken()) return *error;
        return Error{fmt::format("{} is damaged: {} (move it away, and a new one is begun)",
                                 file.string(), error->text)};
    }
    return store;
}

std::optional<Error> HistoryStore::begin() {
    database_.wait_for_others(std::chrono::seconds(2));
    for (const char* setting : {"pragma journal_mode = wal", "pragma synchronous = normal",
                                "pragma journal_size_limit = 16777216"}) {
        database_.run(setting);
    }
    const std::int64_t version = database_.integer("pragma user_version");
    if (auto error = database_.take_trouble()) return error;
    if (version > history_version) {
        return Error{
            fmt::format("the history of tests is of a later xgrid (version {}, this one's is {})",
                        version, history_version)};
    }
    if (version < history_version) {
        database_.run("begin immediate");
        database_.run_all(tables);  // those of the first version
        database_.run_all(CoFailures::tables().c_str());
        database_.run(fmt::format("pragma user_version = {}", history_version));
        database_.run("commit");
    }
    read_ = database_.prepare(
        "select microseconds, verdicts, failures, first_seen, last_seen, last, proofs from tests "
        "where project = ?1 and unit = ?2 and test = ?3 and occurrence = ?4 and environment = ?5");
    write_ = database_.prepare(
        "insert or replace into tests values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
        "?13, ?14)");
    read_origin_ = database_.prepare("select run, tree, kind, at from origins where number = ?1");
    co_failures_ = CoFailures(database_);
    return database_.take_trouble();
}

// ---- Writing

std::optional<Error> HistoryStore::add(const HistoryRun& run,
                                       const std::vector<HistoryVerdict>& verdicts,
                                       std::chrono::seconds wall) {
    ensure(!verdicts.empty(), "what is written is something");
    database_.run("begin immediate");
    const std::int64_t project = project_of(run.project);
    const std::vector<std::int64_t> changed = changed_by(run, project, wall);
    std::map<std::uint64_t, std::int64_t> origins;  // by kinds of slots
    for (const HistoryVerdict& verdict : verdicts) {
        const auto [found, is_new] = origins.try_emplace(verdict.kind);
        if (is_new) found->second = origin_of(run, verdict.kind, wall);
        add(project, found->second, verdict, wall);
        if (!verdict.ends_red) continue;
        co_failures_.failed(verdict.unit, verdict.test, changed, wall.count());
    }
    const std::string key = key_of(run);
    Database::Statement note =
        database_.prepare("insert or replace into taken values (?1, ?2, ?3)");
    note.run(std::string_view(key), static_cast<std::int64_t>(verdicts.back().event + 1),
             static_cast<std::int64_t>(wall.count()));
    database_.run("commit");
    std::optional<Error> error = database_.take_trouble();
    if (error || origins_.size() > origins_kept_max) origins_.clear();
    return error;
}

void HistoryStore::add(std::int64_t project, std::int64_t origin, const HistoryVerdict& verdict,
                       std::chrono::seconds wall) {
    const std::string_view unit = verdict.unit;
    const std::string_view test = verdict.test.id;
    const std::int64_t occurrence = verdict.test.occurrence;
    const std::string_view environment = verdict.environment;
    TestRecord record;
    {
        Database::Rows rows = read_.rows(project, unit, test, occurrence, environment);
        if (rows.next()) {
            record.seconds = static_cast<double>(rows.integer(0)) / 1e6;
            record.verdicts = static_cast<std::uint64_t>(rows.integer(1));
            record.failures = static_cast<std::uint64_t>(rows.integer(2));
            record.first_seen = static_cast<std::uint64_t>(rows.integer(3));
            record.last_seen = static_cast<std::uint64_t>(rows.integer(4));
            // What cannot be read was written by nobody that we know: it is left out.
            if (!from_bytes(rows.bytes(5), record.last)) record.last.clear();
            if (!from_bytes(rows.bytes(6), record.proofs)) record.proofs.clear();
        }
    }
    record.add({.origin = origin,
                .outcome = verdict.outcome,
                .microseconds = verdict.microseconds,
                .attempt = verdict.attempt},
               static_cast<std::uint64_t>(wall.count()),
               [&](std::int64_t other) { return are_same(origin, other); });
    const std::string last = to_bytes(record.last);
    const std::string proofs = to_bytes(record.proofs);
    write_.run(
        project, unit, test, occurrence, environment,
        static_cast<std::int64_t>(record.seconds * 1e6), static_cast<std::int64_t>(record.verdicts),
        static_cast<std::int64_t>(record.failures), static_cast<std::int64_t>(record.first_seen),
        static_cast<std::int64_t>(record.last_seen), std::int64_t{record.failed() ? 1 : 0},
        static_cast<std::int64_t>(record.flaky()), std::string_view(last),
        std::string_view(proofs));
}

std::int64_t HistoryStore::project_of(const std::string& name) {
    Database::Statement insert =
        database_.prepare("insert or ignore into projects (name) values (?1)");
    insert.run(std::string_view(name));
    Database::Statement select = database_.prepare("select number from projects where name = ?1");
    Database::Rows rows = select.rows(std::string_view(name));
    return rows.next() ? rows.integer(0) : 0;
}

// A run counts once, with its first verdicts.
std::vector<std::int64_t> HistoryStore::changed_by(const HistoryRun& run, std::int64_t project,
                                                   std::chrono::seconds wall) {
    if (run.changed.empty()) return {};
    const std::string key = key_of(run);
    Database::Statement select = database_.prepare("select 1 from taken where run = ?1");
    const bool counted = select.rows(std::string_view(key)).next();
    return counted ? co_failures_.known(project, run.changed)
                   : co_failures_.changed(project, run.changed, wall.count());
}

std::int64_t HistoryStore::origin_of(const HistoryRun& run, std::uint64_t kind,
                                     std::chrono::seconds wall) {
    const auto signed_kind = static_cast<std::int64_t>(kind);
    {
        Database::Statement select = database_.prepare(
            "select number from origins where run = ?1 and tree = ?2 and kind = ?3");
        Database::Rows rows =
            select.rows(std::string_view(run.run), std::string_view(run.tree), signed_kind);
        if (rows.next()) return rows.integer(0);
    }
    Database::Statement insert =
        database_.prepare("insert into origins (run, tree, kind, at) values (?1, ?2, ?3, ?4)");
    insert.run(std::string_view(run.run), std::string_view(run.tree), signed_kind,
               static_cast<std::int64_t>(wall.count()));
    return database_.last_row();
}

const HistoryStore::Origin& HistoryStore::origin(std::int64_t number) {
    const auto [found, is_new] = origins_.try_emplace(number);
    if (!is_new) return found->second;
    Database::Rows rows = read_origin_.rows(number);
    if (rows.next()) {
        found->second = {.run = std::string(rows.bytes(0)),
                         .tree = std::string(rows.bytes(1)),
                         .kind = rows.integer(2),
                         .at = static_cast<std::uint64_t>(rows.integer(3))};
    }
    return found->second;
}

// Without a name for the code only what one run has seen of it can be compared.
bool HistoryStore::are_same(std::int64_t one, std::int64_t other) {
    if (one == other) return true;
    const Origin& here = origin(one);
    const Origin& there = origin(other);
    return here.kind == there.kind && !here.tree.empty() && here.tree == there.tree;
}

std::uint64_t HistoryStore::taken(const HistoryRun& run) {
    const std::string key = key_of(run);
    std::uint64_t events = 0;
    {
        Database::Statement select = database_.prepare("select events from taken where run = ?1");
        Database::Rows rows = select.rows(std::string_view(key));
        if (rows.next()) events = static_cast<std::uint64_t>(rows.integer(0));
    }
    return database_.take_trouble() ? 0 : events;
}

void HistoryStore::prune(std::chrono::seconds wall, std::int64_t tests_max) {
    const std::int64_t now = wall.count();
    if (database_.integer("select at from pruned") > now - prune_pause.count()) return;
    const std::int64_t oldest = now - std::chrono::seconds(history_age_max).count();
    database_.run("begin immediate");
    Database::Statement note = database_.prepare("insert or replace into pruned values (1, ?1)");
    note.run(now);
    for (const char* old :
         {"delete from tests where last_seen < ?1", "delete from taken where at < ?1",
          "delete from origins where at < ?1"}) {
        Database::Statement remove = database_.prepare(old);
        remove.run(oldest);
    }
    const std::int64_t more = database_.integer("select count(*) from tests") - tests_max;
    if (more > 0) {
        Database::Statement remove = database_.prepare(
            "delete from tests where last_seen <= (select last_seen from tests order by last_seen "
            "limit 1 offset ?1)");
        remove.run(more - 1);
    }
    database_.run("delete from projects where number not in (select project from tests)");
    CoFailures::prune(database_, oldest, co_failures_max);
    database_.run("commit");
    database_.take_trouble();
    origins_.clear();
}

// ---- Reading

std::vector<ExpectedUnit> HistoryStore::expected(const std::string& project,
                                                 const std::string& environment,
                                                 const std::vector<std::string>& changed) {
    struct Test {
        double seconds = 0;
        bool failed = false;
        double failures = 0;
        std::int64_t last_seen = 0;
    };
    std::map<std::string, std::map<TestName, Test>> units;
    {
        Database::Statement select = database_.prepare(
            "select unit, test, occurrence, environment, microseconds, failed, last_seen, "
            "case when failures > 0 then last end from tests where project = (select number from "
            "projects where name = ?1) order by unit");
        Database::Rows rows = select.rows(std::string_view(project));
        std::map<TestName, Test>* unit = nullptr;
        std::string name;
        while (rows.next()) {
            const std::string_view where = rows.bytes(3);
            if (!environment.empty() && where != environment &&
                !where.starts_with(environment + ", ")) {
                continue;
            }
            if (unit == nullptr || rows.bytes(0) != name) {
                name = rows.bytes(0);
                unit = &units[name];
            }
            Test& test = (*unit)[{.id = std::string(rows.bytes(1)),
                                  .occurrence = static_cast<std::uint32_t>(rows.integer(2))}];
            // Of several environments, the one that it was in last.
            if (rows.integer(6) >= test.last_seen) {
                test.seconds = static_cast<double>(rows.integer(4)) / 1e6;
                test.last_seen = rows.integer(6);
            }
            test.failed = test.failed || rows.integer(5) != 0;
            const std::string_view last = rows.bytes(7);
            TestRecord record;
            if (last.empty() || !from_bytes(last, record.last)) continue;  // it has never failed
            test.failures = std::max(test.failures, record.failing_share().value_or(0));
        }
    }
    for (const CoFailures::Share& share : co_failures_.shares(project, changed)) {
        const auto unit = units.find(share.unit);
        if (unit == units.end()) continue;
        const auto test = unit->second.find(share.test);
        if (test == unit->second.end()) continue;
        test->second.failures = std::max(test->second.failures, share.failures);
    }
    if (database_.take_trouble()) return {};
    std::vector<ExpectedUnit> found;
    for (auto& [name, tests] : units) {
        std::int64_t newest = 0;
        for (const auto& [test, known] : tests) newest = std::max(newest, known.last_seen);
        ExpectedUnit unit{.unit = name};
        for (const auto& [test, known] : tests) {
            if (known.last_seen < newest - gone_seconds) continue;
            unit.seconds += known.seconds;
            ++unit.tests;
            unit.failed = unit.failed || known.failed;
            if (known.failed || known.failures > 0 || known.seconds >= long_test_seconds) {
                unit.named.push_back({test, known.seconds, known.failed, known.failures});
            }
        }
        found.push_back(std::move(unit));
    }
    return found;
}

TestHistory HistoryStore::history_of(Database::Rows& row) {
    const auto number = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
    TestHistory history{
        .project = std::string(row.bytes(0)),
        .unit = std::string(row.bytes(1)),
        .test = {std::string(row.bytes(2)), static_cast<std::uint32_t>(row.integer(3))},
        .environment = std::string(row.bytes(4)),
        .seconds = static_cast<double>(row.integer(5)) / 1e6,
        .verdicts = number(6),
        .failures = number(7),
        .first_seen = number(8),
        .last_seen = number(9)};
    history.suspected = row.integer(10) == static_cast<std::int64_t>(Flaky::suspected);
    std::vector<Seen> last;
    std::vector<Proof> proofs;
    if (!from_bytes(row.bytes(11), last)) last.clear();
    if (!from_bytes(row.bytes(12), proofs)) proofs.clear();
    for (const Seen& seen : last) {
        const Origin& from = origin(seen.origin);
        history.last.push_back({.run = from.run,
                                .outcome = seen.outcome,
                                .seconds = seen.microseconds / 1e6,
                                .at = from.at,
                                .tree = from.tree,
                                .attempt = seen.attempt});
    }
    history.changes = co_failures_.of(row.integer(13), row.bytes(1), row.bytes(2), row.integer(3));
    for (const Proof& proof : proofs) {
        const Origin& passed = origin(proof.passed);
        history.proofs.push_back({.tree = passed.tree,
                                  .passed_run = passed.run,
                                  .failed_run = origin(proof.failed).run,
                                  .at = proof.at});
    }
    return history;
}

std::vector<TestHistory> HistoryStore::select(const std::string& where, const std::string& project,
                                              const std::string& text, std::size_t most) {
    std::vector<TestHistory> found;
    {
        Database::Statement all = database_.prepare(fmt::format(
            "select {} from tests join projects on number = project where ({}) and (?1 = ?2 or "
            "name = ?1) order by name, unit, test, occurrence, environment limit ?4",
            columns, where));
        Database::Rows rows = all.rows(std::string_view(project), std::string_view(),
                                       std::string_view(text), static_cast<std::int64_t>(most));
        while (rows.next()) found.push_back(history_of(rows));
    }
    if (database_.take_trouble()) found.clear();
    return found;
}

std::vector<TestHistory> HistoryStore::find(const std::string& project, const std::string& text,
                                            std::size_t most) {
    std::vector<TestHistory> found = select("test = ?3", project, text, most);
    if (!found.empty()) return found;
    return select("instr(test, ?3) > 0 or instr(unit, ?3) > 0", project, text, most);
}

std::vector<TestHistory> HistoryStore::flakes(const std::string& project, std::size_t most) {
    std::vector<TestHistory> found = select("flaky > 0 and ?3 = ?2", project, "", SIZE_MAX / 2);
    const auto rank = [](const TestHistory& test) {
        return std::pair(test.proofs.size(), test.failures);
    };
    std::ranges::stable_sort(found, std::ranges::greater(), rank);
    if (found.size() > most) found.resize(most);
    return found;
}

}  // namespace xgrid::broker
