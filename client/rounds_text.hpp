// What a loop on failing tests says between rounds: what fails, what it waits for, what changed.
// Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "client/file_change.hpp"
#include "client/markup.hpp"
#include "client/places.hpp"

namespace xgrid::client {

struct Watched {
    std::vector<std::string> folders;  // absolute
    std::size_t files = 0;
    std::string polls;    // not empty: they are looked at again and again, and why
    std::string trouble;  // not empty: they could not be looked at, and why
};

class RoundsText {
public:
    RoundsText(Markup markup, Places places)
        : markup_(std::move(markup)), places_(std::move(places)) {}

    /// The round is over, and the next comes with a change. `at_once`: the user can ask for it.
    std::string waiting(const std::vector<std::string>& failing, const Watched& watched,
                        bool at_once) const;
    /// What failed passes, or is gone.
    std::string everything_next() const;
    std::string asked_for_everything() const;
    std::string changes(const FileChanges& changes) const;
    std::string learnt(const std::set<std::string>& files) const;

private:
    std::string line(const std::string& title, Hue hue) const;
    std::string shown(const std::string& path) const;

    Markup markup_;
    Places places_;
};

}  // namespace xgrid::client
