// What earlier runs have shown of a project: which of its units pass only where the whole suite has
// been collected. A small file for each project in the user's cache; where it cannot be read or
// written nothing is remembered, and that is no error.
//
// {"project": "/home/a/project", "collected_units": ["tests/test_b.py"]}
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

class Memory {
public:
    /// Of the project in that directory, which is absolute.
    explicit Memory(std::string directory);

    std::vector<std::string> collected_units() const;
    void add(const Event& event);
    /// If there is news. Units whose files are gone are forgotten.
    void write();

private:
    std::set<std::string> read() const;

    std::string directory_;
    std::filesystem::path file_;  // empty: none
    std::set<std::string> collected_units_;
    std::string root_;  // that units are relative to, once a slot has begun
    bool news_ = false;
};

}  // namespace xgrid::client
