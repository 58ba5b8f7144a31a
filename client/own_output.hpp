// Which files the tests themselves write, so that a loop on failing tests does not take that for
// its user's changes, and run for ever. Pure.
#pragma once

#include <set>
#include <string>

#include "client/file_change.hpp"

namespace xgrid::client {

class OwnOutput {
public:
    struct Sorted {
        FileChanges changes;           // that are the user's, as far as anybody knows
        std::set<std::string> learnt;  // files that are now known to be written by tests
    };

    /// What changed while a round ran. A file that changes in a round which only such a change has
    /// brought about is the tests' own, from then on; but never a Python file, which a user may
    /// well save in each of two rounds.
    Sorted in_round(const FileChanges& changes);
    /// The next round has another reason.
    void other_reason() { suspects_.clear(); }

private:
    std::set<std::string> suspects_;
    std::set<std::string> own_;
};

}  // namespace xgrid::client
