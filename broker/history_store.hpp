// The history of tests in a file: what test_record makes of verdicts, for each project, test and
// environment. Several brokers may use one file at once; what add() has taken is there after a kill
// at any moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/co_failures.hpp"
#include "broker/expectations.hpp"
#include "broker/test_record.hpp"
#include "shared/database.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid::broker {

/// Of the tables; a history of a later one is left alone.
constexpr std::int64_t history_version = 2;

/// What is kept: tests that have run within that time, and no more than so many.
constexpr std::chrono::hours history_age_max = std::chrono::hours(24) * 90;
constexpr std::int64_t history_tests_max = 200'000;

/// A run, as the history tells it from others.
struct HistoryRun {
    std::string project;
    std::string run;
    std::string tree;         // of its code; empty: not known
    std::uint64_t epoch = 0;  // in which it was submitted: its log of events is another one in each
    std::vector<std::string> changed;  // paths that its code changes, if they are known
};

struct HistoryVerdict {
    std::string unit;
    TestName test;
    std::string environment;
    std::uint64_t kind = 0;  // of the slot: what else tells it from others there
    Outcome outcome = Outcome::passed;
    std::uint32_t microseconds = 0;
    std::uint32_t attempt = 1;
    std::uint64_t event = 0;  // its place in the run's log
    bool ends_red = false;    // the test failed in this run; true of one of its verdicts at most
};

class HistoryStore {
public:
    /// Begins one if there is none. Error: it cannot be used, is damaged, or of a later version.
    static Result<HistoryStore> open(const std::filesystem::path& file);

    /// All of them or none; at least one, in the order of the run's log. `wall` is the time of day,
    /// as everywhere here.
    std::optional<Error> add(const HistoryRun& run, const std::vector<HistoryVerdict>& verdicts,
                             std::chrono::seconds wall);
    /// How many of the run's events were taken before.
    std::uint64_t taken(const HistoryRun& run);

    /// Of the project's tests, in a run that changes these paths; in the environment of that name,
    /// if one is given.
    std::vector<ExpectedUnit> expected(const std::string& project, const std::string& environment,
                                       const std::vector<std::string>& changed = {});
    /// Whether that is other than in a run that changes nothing.
    bool says_more(const std::string& project, const std::vector<std::string>& changed) {
        return !co_failures_.shares(project, changed).empty();
    }

    /// Those whose id or unit contains that text; of these only the ones that are it, if any are.
    /// An empty project stands for any.
    std::vector<TestHistory> find(const std::string& project, const std::string& text,
                                  std::size_t most);
    /// Those that are flaky, the most often proved first, then those that are suspected to be.
    std::vector<TestHistory> flakes(const std::string& project, std::size_t most);

    /// Forgets what is too old or too much; looks no more than once a day.
    void prune(std::chrono::seconds wall, std::int64_t tests_max = history_tests_max);

private:
    struct Origin {
        std::string run;
        std::string tree;
        std::int64_t kind = 0;
        std::uint64_t at = 0;
    };

    explicit HistoryStore(Database database) : database_(std::move(database)) {}
    std::optional<Error> begin();
    std::int64_t project_of(const std::string& name);
    std::vector<std::int64_t> changed_by(const HistoryRun& run, std::int64_t project,
                                         std::chrono::seconds wall);
    std::int64_t origin_of(const HistoryRun& run, std::uint64_t kind, std::chrono::seconds wall);
    const Origin& origin(std::int64_t number);
    bool are_same(std::int64_t one, std::int64_t other);
    void add(std::int64_t project, std::int64_t origin, const HistoryVerdict& verdict,
             std::chrono::seconds wall);
    TestHistory history_of(Database::Rows& row);
    std::vector<TestHistory> select(const std::string& where, const std::string& project,
                                    const std::string& text, std::size_t most);

    Database database_;
    Database::Statement read_;
    Database::Statement write_;
    Database::Statement read_origin_;
    CoFailures co_failures_;
    std::map<std::int64_t, Origin> origins_;
};

}  // namespace xgrid::broker
