// What earlier runs have shown of a project: which of its units pass only where the whole suite has
// been collected, and which tests failed when they last ran. A small file for each project in the
// user's cache; where it cannot be read or written nothing is remembered, and that is no error.
//
// {"project": "/home/a/project", "collected_units": ["tests/test_b.py"], "failed": ["unit::A.b"]}
#pragma once

#include <filesystem>
#include <map>
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
    /// Ids of tests that failed when they last ran.
    std::vector<std::string> failed() const;
    void add(const Event& event);
    /// If there is news. Units whose files are gone are forgotten.
    void write();

private:
    struct Content {
        std::set<std::string> collected_units;
        std::set<std::string> failed;
    };
    Content read() const;
    bool learn_failed();

    std::string directory_;
    std::filesystem::path file_;  // empty: none
    std::set<std::string> collected_units_;
    std::set<std::string> failed_;
    std::map<std::string, bool> ran_;   // tests of this run, and whether they failed
    std::set<std::string> runs_again_;  // tests that have failed, which is not confirmed
    std::string root_;                  // that units are relative to, once a slot has begun
    bool news_ = false;
};

}  // namespace xgrid::client
