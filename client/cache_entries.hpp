// What a run changes in pytest's cache: which tests failed last, which are known, and where
// --stepwise goes on. Slots only read the cache, and each sees but a part of the run; this sees all
// of it, so that a later `pytest --lf` means the same as after a plain run. Pure: text in, text
// out.
//
// Where each environment has verdicts of its own, a test has failed that failed in any.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

class CacheEntries {
public:
    void add(const Event& event);

    /// The cache's folder; empty: there is none to write to.
    std::string folder() const { return setting("cache_dir"); }

    /// What a file's text, perhaps empty, becomes; each is JSON. Tests that did not run keep
    /// theirs.
    std::string lastfailed(const std::string& before) const;
    std::string nodeids(const std::string& before) const;
    std::string stepwise(const std::string& before) const;

private:
    void add_tests(const UnitLoaded& event);
    void add_verdict(const std::string& test, std::uint32_t environment, bool failed);
    std::string setting(const char* name) const;
    std::string next_step(const std::string& remembered) const;

    std::map<std::string, std::string> settings_;
    std::vector<std::string> units_;  // in order
    std::set<std::string> known_;     // of these
    std::map<std::string, std::vector<std::string>> tests_;
    // Of tests that ran, and files that cannot be collected, the environments where they failed.
    std::map<std::string, std::set<std::uint32_t>> failed_;
    bool stopped_ = false;
};

}  // namespace xgrid::client
