#include "broker/journal.hpp"

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/process.hpp"
#include "shared/values.hpp"
#include "shared/weight.hpp"

namespace xgrid::broker {
namespace {

constexpr const char* file_name = "journal.db";

// An entry is of a run or of a worker. WITHOUT ROWID, rows of one run's events lie together.
constexpr const char* tables = R"(
create table if not exists broker (row integer primary key, life integer, token blob);
create table if not exists entries (number integer primary key, run integer, worker integer, entry blob);
create index if not exists entries_of_run on entries (run) where run is not null;
create table if not exists runs (number integer primary key, run text unique, over_at integer,
                                 bytes integer, facts blob);
create index if not exists runs_by_time on runs (over_at);
create table if not exists events (run integer, first integer, events blob,
                                   primary key (run, first)) without rowid;
create table if not exists times (run integer, first integer, times blob,
                                  primary key (run, first)) without rowid;
)";

Error told(const std::filesystem::path& path, Database& database, const Error& error) {
    if (database.broken()) {
        return Error{fmt::format(
            "the journal {} is damaged: {}\n(its runs cannot be taken up again; move it away, and "
            "a new one is begun)",
            path.string(), error.text)};
    }
    if (error.text.find("locked") != std::string::npos) {
        return Error{fmt::format("another broker uses {} (--data names another folder)",
                                 path.parent_path().string())};
    }
    return error;
}

std::vector<std::uint32_t> part_of(const std::vector<std::uint32_t>& all, std::size_t first,
                                   std::size_t count) {
    const std::size_t from = std::min(first, all.size());
    const std::size_t to = std::min(first + count, all.size());
    return {all.begin() + static_cast<std::ptrdiff_t>(from),
            all.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& folder) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return Error{fmt::format("cannot make {}: {}", folder.string(), failed.message())};
    const std::filesystem::path path = folder / file_name;
    Result<Database> database = Database::open(path);
    if (!database) return Error{database.error()};
    Journal journal(*std::move(database));
    if (const auto error = journal.begin()) return told(path, journal.database_, *error);
    return journal;
}

std::optional<Error> Journal::begin() {
    database_.wait_for_others(std::chrono::milliseconds(500));
    for (const char* setting :
         {"pragma locking_mode = exclusive", "pragma journal_mode = wal",
          "pragma synchronous = normal", "pragma journal_size_limit = 16777216"}) {
        database_.run(setting);
    }
    const std::int64_t version = database_.integer("pragma user_version");
    if (auto error = database_.take_trouble()) return error;
    if (version > journal_version) {
        return Error{fmt::format(
            "the journal is of a later xgrid (version {}, this one's is {}): use that one, or name "
            "another folder with --data",
            version, journal_version)};
    }
    Database::Statement check = database_.prepare("pragma quick_check(1)");
    {
        Database::Rows rows = check.rows();
        if (rows.next() && rows.bytes(0) != "ok") {
            const std::string what(rows.bytes(0));
            database_.give_up();
            return Error{what};
        }
    }
    database_.run("begin immediate");
    database_.run_all(tables);
    database_.run(fmt::format("pragma user_version = {}", journal_version));
    // Once in a life; before the first one there is no row.
    database_.run("insert or ignore into broker values (1, 0, '')");
    database_.run("update broker set life = life + 1");
    life_ = static_cast<std::uint64_t>(database_.integer("select life from broker"));
    {
        Database::Statement get = database_.prepare("select token from broker");
        Database::Rows rows = get.rows();
        if (rows.next()) token_ = rows.bytes(0);
    }
    if (token_.empty()) {
        token_ = random_token();
        Database::Statement set = database_.prepare("update broker set token = ?1");
        set.run(std::string_view(token_));
    }
    database_.run("commit");
    insert_ = database_.prepare("insert into entries (run, worker, entry) values (?1, ?2, ?3)");
    remove_worker_ = database_.prepare("delete from entries where worker = ?1");
    return database_.take_trouble();
}

Result<std::vector<JournalEntry>> Journal::entries() {
    std::vector<JournalEntry> all;
    bool sound = true;
    {
        Database::Statement select = database_.prepare("select entry from entries order by number");
        Database::Rows rows = select.rows();
        while (sound && rows.next()) sound = from_bytes(rows.bytes(0), all.emplace_back());
    }
    if (auto error = database_.take_trouble()) return *error;
    if (!sound) return Error{"the journal is damaged: it has an entry that is none"};
    return all;
}

std::uint64_t Journal::runs() {
    const std::int64_t last = database_.integer(
        "select max(number) from (select max(number) as number from runs union all select max(run) "
        "from entries union all select -1)");
    return static_cast<std::uint64_t>(last + 1);
}

std::optional<Error> Journal::keep(const std::vector<JournalEntry>& entries,
                                   std::chrono::seconds wall) {
    database_.run("begin immediate");
    for (const JournalEntry& entry : entries) write(entry, wall);
    database_.run("commit");
    if (auto error = database_.take_trouble()) return error;
    for (const JournalEntry& entry : entries) {
        if (const auto* over = std::get_if<RunOver>(&entry)) remember(*over, wall);
    }
    return std::nullopt;
}

void Journal::remember(const RunOver& over, std::chrono::seconds wall) {
    if (!summaries_) return;
    summaries_->push_front({over.summary, wall.count()});
    if (summaries_->size() > shown_max) summaries_->pop_back();
}

void Journal::write(const JournalEntry& entry, std::chrono::seconds wall) {
    if (const auto* over = std::get_if<RunOver>(&entry)) return write_over(*over, wall);
    if (const auto* gone = std::get_if<WorkerGone>(&entry)) {
        // Runs that go on may still name it in their steps.
        if (database_.integer("select count(*) from entries where run is not null") == 0) {
            return remove_worker_.run(static_cast<std::int64_t>(gone->worker));
        }
    }
    const std::string bytes = to_bytes(entry);
    const auto keep = [&](const auto& run, const auto& worker) {
        insert_.run(run, worker, std::string_view(bytes));
    };
    if (const auto* begun = std::get_if<RunBegun>(&entry)) {
        keep(static_cast<std::int64_t>(begun->number), nullptr);
    } else if (const auto* step = std::get_if<RunStep>(&entry)) {
        keep(static_cast<std::int64_t>(step->number), nullptr);
    } else if (const auto* came = std::get_if<WorkerCame>(&entry)) {
        keep(nullptr, static_cast<std::int64_t>(came->worker));
    } else if (const auto* gone = std::get_if<WorkerGone>(&entry)) {
        keep(nullptr, static_cast<std::int64_t>(gone->worker));
    }
}

void Journal::write_over(const RunOver& over, std::chrono::seconds wall) {
    const auto number = static_cast<std::int64_t>(over.number);
    Database::Statement remove = database_.prepare("delete from entries where run = ?1");
    remove.run(number);
    Database::Statement chunk =
        database_.prepare("insert or replace into events values (?1, ?2, ?3)");
    Database::Statement times =
        database_.prepare("insert or replace into times values (?1, ?2, ?3)");
    std::int64_t total = 0;
    for (std::size_t first = 0; first < over.events.size();) {
        std::vector<Event> some;
        std::size_t bytes = 0;
        for (std::size_t i = first; i < over.events.size() && bytes < batch_bytes; ++i) {
            bytes += weight(over.events[i]);
            some.push_back(over.events[i]);
        }
        const std::string text = to_bytes(some);
        chunk.run(number, static_cast<std::int64_t>(first), std::string_view(text));
        const std::string when = to_bytes(part_of(over.times, first, some.size()));
        times.run(number, static_cast<std::int64_t>(first), std::string_view(when));
        total += static_cast<std::int64_t>(text.size());
        first += some.size();
    }
    RunOver facts{over.number, over.summary, over.spec, over.epoch, {}, {}};
    const std::string text = to_bytes(facts);
    Database::Statement insert =
        database_.prepare("insert or replace into runs values (?1, ?2, ?3, ?4, ?5)");
    insert.run(number, std::string_view(over.summary.run), std::int64_t{wall.count()}, total,
               std::string_view(text));
}

// Of the run whose id begins like that; the one that is that comes first.
std::optional<std::int64_t> Journal::number_of(const std::string& run) {
    if (run.empty()) return std::nullopt;
    std::vector<std::pair<std::int64_t, bool>> found;
    {
        Database::Statement select = database_.prepare(
            "select number, run = ?1 from runs where run >= ?1 and run < ?2 order by run limit 2");
        const std::string beyond = run + '\xFF';
        Database::Rows rows = select.rows(std::string_view(run), std::string_view(beyond));
        while (rows.next()) found.emplace_back(rows.integer(0), rows.integer(1) != 0);
    }
    if (database_.take_trouble() || found.empty()) return std::nullopt;
    if (found.size() > 1 && !found.front().second) return std::nullopt;
    return found.front().first;
}

const RunOver* Journal::find_over(const std::string& run) {
    if (last_over_ && last_over_->summary.run == run) return &*last_over_;
    const std::optional<std::int64_t> number = number_of(run);
    std::optional<RunOver> over = number ? read_over(*number) : std::nullopt;
    if (!over) return nullptr;
    last_over_ = std::move(over);
    return &*last_over_;
}

const RunOver* Journal::find_facts(const std::string& run) {
    if (last_facts_ && last_facts_->summary.run == run) return &*last_facts_;
    const std::optional<std::int64_t> number = number_of(run);
    std::optional<RunOver> over = number ? read_facts(*number) : std::nullopt;
    if (!over) return nullptr;
    last_facts_ = std::move(over);
    return &*last_facts_;
}

std::optional<RunOver> Journal::read_facts(std::int64_t number) {
    RunOver over;
    bool sound = false;
    {
        Database::Statement select = database_.prepare("select facts from runs where number = ?1");
        Database::Rows rows = select.rows(number);
        sound = rows.next() && from_bytes(rows.bytes(0), over);
    }
    if (database_.take_trouble() || !sound) return std::nullopt;
    return over;
}

std::optional<RunOver> Journal::read_over(std::int64_t number) {
    std::optional<RunOver> over = read_facts(number);
    bool sound = over.has_value();
    {
        Database::Statement select =
            database_.prepare("select events from events where run = ?1 order by first");
        Database::Rows rows = select.rows(number);
        while (sound && rows.next()) {
            std::vector<Event> some;
            sound = from_bytes(rows.bytes(0), some);
            for (Event& event : some) over->events.push_back(std::move(event));
        }
    }
    if (database_.take_trouble() || !sound) return std::nullopt;
    return over;
}

Journal::Kept Journal::events_at(std::uint64_t number, std::uint64_t from) {
    Kept kept;
    const auto run = static_cast<std::int64_t>(number);
    const auto last = static_cast<std::int64_t>(std::min<std::uint64_t>(from, INT64_MAX));
    {
        Database::Statement select = database_.prepare(
            "select first, events, (select times from times where run = e.run and first = e.first),"
            " exists (select 1 from events where run = e.run and first > e.first) from events as e "
            "where run = ?1 and first <= ?2 order by first desc limit 1");
        Database::Rows rows = select.rows(run, last);
        if (rows.next()) {
            kept.first = static_cast<std::uint64_t>(rows.integer(0));
            kept.events = rows.bytes(1);
            if (!rows.null(2)) kept.at = rows.bytes(2);
            kept.more = rows.integer(3) != 0;
        }
    }
    if (database_.take_trouble()) return {};
    return kept;
}

std::vector<RunSummary> Journal::summaries(std::chrono::seconds wall, std::size_t most) {
    if (!summaries_) {
        summaries_.emplace();
        Database::Statement select = database_.prepare(
            "select facts, over_at from runs order by over_at desc, number desc limit ?1");
        Database::Rows rows = select.rows(static_cast<std::int64_t>(shown_max));
        while (rows.next()) {
            RunOver over;
            if (!from_bytes(rows.bytes(0), over)) continue;
            summaries_->push_back({std::move(over.summary), rows.integer(1)});
        }
    }
    std::vector<RunSummary> all;
    if (database_.take_trouble()) {
        summaries_.reset();
        return all;
    }
    for (const Over& over : *summaries_) {
        if (all.size() == most) break;
        RunSummary& summary = all.emplace_back(over.summary);
        summary.age = summary.took + static_cast<double>(wall.count() - over.at);
    }
    return all;
}

void Journal::prune(std::chrono::seconds wall, std::chrono::seconds age, std::uint64_t bytes) {
    database_.run("begin immediate");
    Database::Statement old = database_.prepare(
        "delete from runs where over_at < ?1 or number in (select number from (select number, "
        "sum(bytes) over (order by over_at desc, number desc) as total from runs) where total > "
        "?2)");
    old.run(static_cast<std::int64_t>((wall - age).count()), static_cast<std::int64_t>(bytes));
    database_.run("delete from events where run not in (select number from runs)");
    database_.run("delete from times where run not in (select number from runs)");
    database_.run("commit");
    database_.take_trouble();
    last_over_.reset();
    last_facts_.reset();
    summaries_.reset();
}

}  // namespace xgrid::broker
