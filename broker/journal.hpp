// What a broker keeps of its life, in a database in its folder: the steps of runs that go on, and
// the events of those that are over. What keep() has taken is there after a kill at any moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "broker/steps.hpp"
#include "shared/database.hpp"
#include "shared/result.hpp"

namespace xgrid::broker {

/// Of the tables; a journal of a later one is left alone.
constexpr std::int64_t journal_version = 1;

class Journal {
public:
    /// Of runs that are over, so many are listed.
    static constexpr std::size_t shown_max = 200;

    /// Begins one if there is none, and a new life of its broker. Error: it cannot be used, is
    /// damaged, of a later version of xgrid, or used by another broker.
    static Result<Journal> open(const std::filesystem::path& folder);

    /// The broker's, the same in all its lives.
    const std::string& token() const { return token_; }
    /// Grows with each.
    std::uint64_t life() const { return life_; }
    /// More than the number of any run that was begun.
    std::uint64_t runs();
    /// Of runs that go on, and their workers, in the order in which they came.
    Result<std::vector<JournalEntry>> entries();

    /// All of them or none. Error: it cannot be written; the same may be tried again. `wall` is
    /// the time of day, as everywhere here: the only clock that goes on while nobody runs.
    std::optional<Error> keep(const std::vector<JournalEntry>& entries, std::chrono::seconds wall);

    /// A run that is over, by its id or how that begins if no other's does.
    const RunOver* find_over(const std::string& run);
    /// The same without its events, which is read fast.
    const RunOver* find_facts(const std::string& run);
    /// Of the events of that one some from that number on, and, as far as they are known, their
    /// times: as bytes, since to read them takes longer than to fetch them. They begin with the
    /// number `first`, which may be less.
    struct Kept {
        std::uint64_t first = 0;
        std::string events;
        std::string at;
        bool more = false;
    };
    Kept events_at(std::uint64_t number, std::uint64_t from);
    /// Of those that are over, the latest first; with `age` in seconds.
    std::vector<RunSummary> summaries(std::chrono::seconds wall, std::size_t most = shown_max);
    /// Removes those that were over for longer, and then the oldest until the others take less.
    void prune(std::chrono::seconds wall, std::chrono::seconds age, std::uint64_t bytes);

private:
    explicit Journal(Database database) : database_(std::move(database)) {}
    std::optional<Error> begin();
    void write(const JournalEntry& entry, std::chrono::seconds wall);
    void write_over(const RunOver& over, std::chrono::seconds wall);
    void remember(const RunOver& over, std::chrono::seconds wall);
    std::optional<std::int64_t> number_of(const std::string& run);
    std::optional<RunOver> read_facts(std::int64_t number);
    std::optional<RunOver> read_over(std::int64_t number);

    Database database_;
    Database::Statement insert_;
    Database::Statement remove_worker_;
    std::string token_;
    std::uint64_t life_ = 0;
    std::optional<RunOver> last_over_;   // that was asked for
    std::optional<RunOver> last_facts_;  // likewise
    struct Over {
        RunSummary summary;
        std::int64_t at = 0;  // by the clock on the wall
    };
    std::optional<std::deque<Over>> summaries_;  // the latest first; none: to be read
};

}  // namespace xgrid::broker
