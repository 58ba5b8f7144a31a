// Rows of texts under headings, in columns. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace xgrid::client {

class Table {
public:
    /// A heading that begins with '>' is of numbers, which stand at the right.
    explicit Table(std::vector<std::string> headings);

    /// As many as there are headings.
    void add(std::vector<std::string> row);

    /// A line each, the headings first. With `columns` the widest are cut until all fits; 0:
    /// nothing is cut.
    std::string text(std::size_t columns) const;

private:
    std::vector<std::size_t> widths(std::size_t columns) const;

    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;  // the headings are the first
};

}  // namespace xgrid::client
