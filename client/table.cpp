#include "client/table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "client/markup.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t least = 6;  // of what is left of a column that is cut

}  // namespace

Table::Table(std::vector<std::string> headings, std::vector<std::string> yielding) {
    for (std::string& heading : headings) {
        right_.push_back(heading.starts_with('>'));
        if (right_.back()) heading.erase(0, 1);
    }
    for (const std::string& name : yielding) {
        const auto found = std::ranges::find(headings, name);
        ensure(found != headings.end(), "a column that yields is one of the table's");
        yielding_.push_back(static_cast<std::size_t>(found - headings.begin()));
    }
    rows_.push_back(std::move(headings));
}

void Table::add(std::vector<std::string> row) {
    ensure(row.size() == right_.size(), "a row has a text for each column");
    for (std::string& cell : row) cell = printable(cell);
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(std::size_t columns) const {
    std::vector<std::size_t> widths(right_.size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    if (columns == 0) return widths;
    const auto total = [&] {
        const auto gone = static_cast<std::size_t>(std::ranges::count(widths, std::size_t{0}));
        return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - gone - 1));
    };
    for (const std::size_t column : yielding_) {
        while (total() > columns && widths[column] > least) --widths[column];
    }
    while (total() > columns) {
        const auto widest = std::ranges::max_element(widths);
        if (*widest <= least) break;
        --*widest;
    }
    for (const std::size_t column : yielding_) {
        if (total() > columns) widths[column] = 0;
    }
    return widths;
}

std::string Table::text(std::size_t columns) const {
    const std::vector<std::size_t> all = widths(columns);
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (all[i] == 0) continue;
            const std::string cell = shortened(row[i], all[i], "…");
            const std::string blanks(all[i] - std::min(all[i], width(cell)), ' ');
            line += (line.empty() ? "" : std::string(gap, ' ')) +
                    (right_[i] ? blanks + cell : cell + blanks);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace xgrid::client
