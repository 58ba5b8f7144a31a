#include "client/listing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "client/markup.hpp"

namespace xgrid::client {

void Listing::add(const UnitsKnown& event) {
    for (const std::string& unit : event.names) {
        if (known_.insert(unit).second) order_.push_back(unit);
    }
}

void Listing::add(const UnitLoaded& event) { units_.try_emplace(event.unit, event.listed); }

std::string Listing::next() {
    std::string text;
    for (; told_ < order_.size(); ++told_) {
        const auto unit = units_.find(order_[told_]);
        if (unit == units_.end()) break;
        text += text_of(unit->second);
    }
    return text;
}

std::string Listing::rest() {
    std::string text;
    for (; told_ < order_.size(); ++told_) {
        const auto unit = units_.find(order_[told_]);
        if (unit != units_.end()) text += text_of(unit->second);
    }
    return text;
}

// Units of one folder begin with the same nodes: those that are open need no second line.
std::string Listing::text_of(const std::vector<ListedNode>& nodes) {
    std::string text;
    bool goes_on = true;
    for (const ListedNode& node : nodes) {
        goes_on = goes_on && node.depth < open_.size() && open_[node.depth] == node;
        if (goes_on) continue;
        open_.resize(std::min<std::size_t>(open_.size(), node.depth));
        open_.push_back(node);
        for (std::size_t from = 0; from <= node.text.size();) {
            const std::size_t end = std::min(node.text.find('\n', from), node.text.size());
            text += std::string(2 * open_.size() - 2, ' ') +
                    printable(node.text.substr(from, end - from)) + "\n";
            from = end + 1;
        }
    }
    return text;
}

std::string Listing::counts() const {
    std::map<std::string, std::size_t> tests;
    for (const auto& [unit, nodes] : units_) {
        for (const ListedNode& node : nodes) ++tests[node.id.substr(0, node.id.find("::"))];
    }
    std::string text;
    for (const auto& [file, count] : tests) {
        text += fmt::format("{}: {}\n", printable(file), count);
    }
    return text;
}

}  // namespace xgrid::client
