// Which tests fail in runs that change which paths: a part of the history's file, written in its
// transactions. Owns two tables. Of each path it knows in how many runs it was changed, of each
// test and path in how many of these it failed, in whatever environment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/database.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

/// Fewer runs that changed a path, or fewer failures in them, say nothing of it.
constexpr std::int64_t co_runs_least = 3;
constexpr std::int64_t co_failures_least = 2;
/// Of a run in which more tests fail, so many count: it is hardly one path's doing.
constexpr std::size_t co_failing_tests_max = 100;
/// What is kept; of more, what was seen last.
constexpr std::int64_t co_failures_max = 200'000;

class CoFailures {
public:
    /// What makes the tables where they are not there.
    static std::string tables();

    CoFailures() = default;
    explicit CoFailures(Database& database);

    /// Numbers of these paths. They count as changed by one more run.
    std::vector<std::int64_t> changed(std::int64_t project, const std::vector<std::string>& paths,
                                      std::int64_t at);
    /// Numbers of those that have counted before.
    std::vector<std::int64_t> known(std::int64_t project, const std::vector<std::string>& paths);
    /// In the run that changed these.
    void failed(std::string_view unit, const TestName& test, const std::vector<std::int64_t>& paths,
                std::int64_t at);

    struct Share {
        std::string unit;
        TestName test;
        double failures = 0;  // in each run that changes the path
    };
    /// For each path and test with enough evidence, in the project of that name.
    std::vector<Share> shares(std::string_view project, const std::vector<std::string>& paths);
    /// The strongest first.
    std::vector<CoFailure> of(std::int64_t project, std::string_view unit, std::string_view test,
                              std::int64_t occurrence);

    /// Forgets what is older, and what is too much; of projects that are gone, all.
    static void prune(Database& database, std::int64_t oldest, std::int64_t most);

private:
    Database::Statement change_;
    Database::Statement number_;
    Database::Statement fail_;
    Database::Statement shares_;
    Database::Statement of_;
};

}  // namespace xgrid::broker
