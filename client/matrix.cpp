#include "client/matrix.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace xgrid::client {
namespace {

// Of what is known to tell most first; packages follow.
constexpr std::array first_lines = {"implementation", "python",  "platform", "os",
                                    "kernel",         "machine", "libc",     "pytest"};

using Values = std::set<std::string>;

std::size_t rank(const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(first_lines, name) - first_lines.begin());
}

std::optional<MatrixGroup::Kind> kind_of(const std::vector<Cell>& cells) {
    const auto has = [&](Cell cell) { return std::ranges::find(cells, cell) != cells.end(); };
    if (!has(Cell::failed)) {
        if (has(Cell::absent)) return MatrixGroup::Kind::found_somewhere;
        return std::nullopt;
    }
    const bool elsewhere = has(Cell::passed) || has(Cell::skipped) || has(Cell::absent);
    return elsewhere || has(Cell::known) || has(Cell::open) ? MatrixGroup::Kind::failed_somewhere
                                                            : MatrixGroup::Kind::failed_everywhere;
}

}  // namespace

std::vector<std::uint32_t> MatrixGroup::where(Cell cell) const {
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < cells.size(); ++i) {
        if (cells[i] == cell) found.push_back(i);
    }
    return found;
}

Matrix::Unit& Matrix::unit(const std::string& name) {
    Unit& unit = units_[name];
    unit.loaded.resize(environments());
    return unit;
}

// A verdict is not taken back by a later one, unless that is worse.
void Matrix::note(const std::string& unit_name, const TestName& test, std::uint32_t environment,
                  Seen seen) {
    if (environment >= environments()) return;
    std::vector<Seen>& row = unit(unit_name).tests[test];
    row.resize(environments());
    row[environment] = std::max(row[environment], seen);
}

void Matrix::add(const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        if (up->environment >= environments()) return;
        auto& fingerprint = fingerprints_[up->environment];
        if (fingerprint.empty()) fingerprint = up->facts.fingerprint;
    } else if (const auto* loaded = std::get_if<UnitLoaded>(&event)) {
        if (loaded->environment >= environments()) return;
        unit(loaded->unit).loaded[loaded->environment] = true;
        for (const TestName& test : loaded->tests) {
            note(loaded->unit, test, loaded->environment, Seen::known);
        }
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        const Outcome outcome = finished->result.outcome;
        const bool failed = outcome == Outcome::failed || outcome == Outcome::error;
        note(finished->unit, finished->test, finished->environment,
             failed                        ? Seen::failed
             : outcome == Outcome::skipped ? Seen::skipped
                                           : Seen::passed);
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        note(late->unit, late->test, late->environment, Seen::failed);
    } else if (const auto* ended = std::get_if<EnvironmentEnded>(&event)) {
        if (ended->environment >= environments()) return;
        over_[ended->environment] = ended->end == RunEnd::completed;
    }
}

// Where a unit could not be collected, or was skipped as a whole, it stands for its tests.
bool Matrix::is_collected(const Unit& unit, const std::string& name,
                          std::uint32_t environment) const {
    const auto itself = unit.tests.find({name});
    const bool whole = itself != unit.tests.end() && itself->second[environment] > Seen::known;
    return !whole && (unit.loaded[environment] || over_[environment]);
}

std::vector<Cell> Matrix::cells(const std::string& name, const TestName& test) const {
    const Unit& unit = units_.at(name);
    const std::vector<Seen>& row = unit.tests.at(test);
    std::vector<Cell> cells(environments(), Cell::open);
    for (std::uint32_t i = 0; i < environments(); ++i) {
        switch (row[i]) {
            case Seen::failed: cells[i] = Cell::failed; break;
            case Seen::skipped: cells[i] = Cell::skipped; break;
            case Seen::passed: cells[i] = Cell::passed; break;
            case Seen::known: cells[i] = Cell::known; break;
            case Seen::nothing:
                if (!is_collected(unit, name, i)) break;
                // That it is not there says of a unit that it could be collected.
                cells[i] = test.id == name && unit.loaded[i] ? Cell::passed : Cell::absent;
        }
    }
    return cells;
}

std::vector<MatrixGroup> Matrix::groups() const {
    std::map<std::vector<Cell>, MatrixGroup> by_cells;
    for (const auto& [name, unit] : units_) {
        for (const auto& [test, row] : unit.tests) {
            const std::vector<Cell> went = cells(name, test);
            const auto kind = kind_of(went);
            if (!kind) continue;
            MatrixGroup& group = by_cells[went];
            group.kind = *kind;
            group.cells = went;
            group.tests.push_back(test);
        }
    }
    std::vector<MatrixGroup> groups;
    for (auto& [cells, group] : by_cells) groups.push_back(std::move(group));
    std::ranges::stable_sort(groups, [](const MatrixGroup& a, const MatrixGroup& b) {
        return a.kind != b.kind ? a.kind < b.kind : a.tests.size() > b.tests.size();
    });
    return groups;
}

std::vector<Difference> Matrix::differences(const MatrixGroup& group) const {
    std::map<std::string, std::pair<Values, Values>> lines;
    const auto each_of = [&](Cell cell, auto&& visit) {
        for (const std::uint32_t i : group.where(cell)) {
            if (i < environments() && !fingerprints_[i].empty()) visit(fingerprints_[i]);
        }
    };
    for (const Cell cell : {Cell::failed, Cell::passed}) {
        each_of(cell, [&](const auto& fingerprint) {
            for (const auto& [name, value] : fingerprint) lines[name];
        });
    }
    const auto add = [&](Cell cell, Values std::pair<Values, Values>::*side) {
        each_of(cell, [&](const auto& fingerprint) {
            for (auto& [name, values] : lines) {
                const auto found = fingerprint.find(name);
                (values.*side).insert(found == fingerprint.end() ? "none" : found->second);
            }
        });
    };
    add(Cell::failed, &std::pair<Values, Values>::first);
    add(Cell::passed, &std::pair<Values, Values>::second);
    std::vector<Difference> found;
    for (const auto& [name, values] : lines) {
        const auto& [failed, passed] = values;
        const bool shared = std::ranges::any_of(
            failed, [&](const std::string& value) { return passed.contains(value); });
        if (shared || failed.empty() || passed.empty()) continue;
        found.push_back({name, {failed.begin(), failed.end()}, {passed.begin(), passed.end()}});
    }
    std::ranges::stable_sort(found, {}, [](const Difference& one) { return rank(one.name); });
    return found;
}

}  // namespace xgrid::client
