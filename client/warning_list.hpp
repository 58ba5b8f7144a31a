// The run's warnings, and pytest's summary of them: each text once, with the places it came from.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/markup.hpp"
#include "client/places.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

class WarningList {
public:
    void add(const Warning& warning, const Places& places);
    /// Empty, or a section that ends in a line's end.
    std::string render(const Markup& markup) const;

private:
    std::vector<std::pair<std::string, std::vector<std::string>>> warnings_;  // text, where
    std::map<std::string, std::size_t> known_;
};

}  // namespace xgrid::client
