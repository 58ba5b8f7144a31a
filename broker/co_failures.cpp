#include "broker/co_failures.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrid::broker {
namespace {

// Of one test.
constexpr std::int64_t told_max = 5;

double share_of(std::int64_t failures, std::int64_t runs) {
    return std::min(1.0, static_cast<double>(failures) / static_cast<double>(runs));
}

}  // namespace

// Most tests fail once with a path and never again: the index leaves those out.
std::string CoFailures::tables() {
    return fmt::format(R"(
create table if not exists changed_paths (
    number integer primary key, project integer, path blob, runs integer, at integer,
    unique (project, path));
create table if not exists co_failures (
    unit blob, test blob, occurrence integer, changed integer, failures integer, at integer,
    primary key (unit, test, occurrence, changed)) without rowid;
create index if not exists co_failures_of_path on co_failures (changed) where failures >= {};
)",
                       co_failures_least);
}

CoFailures::CoFailures(Database& database)
    : change_(database.prepare(
          "insert into changed_paths (project, path, runs, at) values (?1, ?2, 1, ?3) on conflict "
          "do update set runs = runs + 1, at = ?3")),
      number_(
          database.prepare("select number from changed_paths where project = ?1 and path = ?2")),
      fail_(database.prepare(
          "insert into co_failures values (?1, ?2, ?3, ?4, 1, ?5) on conflict do update set "
          "failures = failures + 1, at = ?5")),
      shares_(database.prepare(fmt::format(
          "select unit, test, occurrence, failures, runs from changed_paths join co_failures on "
          "changed = number where project = (select number from projects where name = ?1) and "
          "path = ?2 and runs >= {} and failures >= {}",
          co_runs_least, co_failures_least))),
      of_(database.prepare(fmt::format(
          "select path, failures, runs from co_failures join changed_paths on number = changed "
          "where unit = ?1 and test = ?2 and occurrence = ?3 and project = ?4 and runs >= {} and "
          "failures >= {} order by 1.0 * failures / runs desc, failures desc, path limit {}",
          co_runs_least, co_failures_least, told_max))) {}

std::vector<std::int64_t> CoFailures::changed(std::int64_t project,
                                              const std::vector<std::string>& paths,
                                              std::int64_t at) {
    for (const std::string& path : paths) change_.run(project, std::string_view(path), at);
    return known(project, paths);
}

std::vector<std::int64_t> CoFailures::known(std::int64_t project,
                                            const std::vector<std::string>& paths) {
    std::vector<std::int64_t> numbers;
    for (const std::string& path : paths) {
        Database::Rows rows = number_.rows(project, std::string_view(path));
        if (rows.next()) numbers.push_back(rows.integer(0));
    }
    return numbers;
}

void CoFailures::failed(std::string_view unit, const TestName& test,
                        const std::vector<std::int64_t>& paths, std::int64_t at) {
    for (const std::int64_t path : paths) {
        fail_.run(unit, std::string_view(test.id), std::int64_t{test.occurrence}, path, at);
    }
}

std::vector<CoFailures::Share> CoFailures::shares(std::string_view project,
                                                  const std::vector<std::string>& paths) {
    std::vector<Share> found;
    for (const std::string& path : paths) {
        Database::Rows rows = shares_.rows(project, std::string_view(path));
        while (rows.next()) {
            found.push_back(
                {.unit = std::string(rows.bytes(0)),
                 .test = {std::string(rows.bytes(1)), static_cast<std::uint32_t>(rows.integer(2))},
                 .failures = share_of(rows.integer(3), rows.integer(4))});
        }
    }
    return found;
}

std::vector<CoFailure> CoFailures::of(std::int64_t project, std::string_view unit,
                                      std::string_view test, std::int64_t occurrence) {
    std::vector<CoFailure> found;
    Database::Rows rows = of_.rows(unit, test, occurrence, project);
    while (rows.next()) {
        found.push_back({.path = std::string(rows.bytes(0)),
                         .failures = static_cast<std::uint64_t>(rows.integer(1)),
                         .runs = static_cast<std::uint64_t>(rows.integer(2))});
    }
    return found;
}

void CoFailures::prune(Database& database, std::int64_t oldest, std::int64_t most) {
    for (const char* table : {"changed_paths", "co_failures"}) {
        database.run(fmt::format("delete from {} where at < {}", table, oldest));
        const std::int64_t more =
            database.integer(fmt::format("select count(*) from {}", table)) - most;
        if (more <= 0) continue;
        database.run(fmt::format(
            "delete from {0} where at <= (select at from {0} order by at limit 1 offset {1})",
            table, more - 1));
    }
    database.run("delete from changed_paths where project not in (select number from projects)");
    database.run("delete from co_failures where changed not in (select number from changed_paths)");
}

}  // namespace xgrid::broker
