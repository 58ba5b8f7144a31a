// Rows of texts under headings, in columns. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace xgrid::client {

class Table {
public:
    /// A heading that begins with '>' is of numbers, which stand at the right. `yielding` names
    /// columns that make room first, the least important one before others.
    explicit Table(std::vector<std::string> headings, std::vector<std::string> yielding = {});

    /// As many as there are headings.
    void add(std::vector<std::string> row);

    /// A line each, the headings first. With `columns` those that yield are cut until all fits,
    /// then the widest ones, and at last those that yield go; 0: nothing is cut.
    std::string text(std::size_t columns) const;

private:
    std::vector<std::size_t> widths(std::size_t columns) const;

    std::vector<bool> right_;
    std::vector<std::size_t> yielding_;           // places of columns
    std::vector<std::vector<std::string>> rows_;  // the headings are the first
};

}  // namespace xgrid::client
