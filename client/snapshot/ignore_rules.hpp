// The rules of one of git's ignore files, as gitignore(5) has them: which paths stay behind. Pure.
//
// Of our own, as libgit2 1.5 gets some wrong: it drops a negated name that overrules a file of a
// folder further up (`!keep.log` below `*.log`), and takes 16 us for each path. Tested against git.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/snapshot/glob.hpp"

namespace xgrid::client {

class IgnoreRules {
public:
    explicit IgnoreRules(std::string_view file);

    /// Of a path relative to the folder that the rules are for, whose own folders are not ignored.
    /// None: these rules say nothing about it.
    std::optional<bool> ignore(std::string_view path, bool is_folder) const;
    bool empty() const { return rules_.empty(); }

private:
    struct Rule {
        std::string prefix;        // as it is
        std::string suffix;        // of a name; only if there is no glob
        std::optional<Glob> rest;  // after the prefix
        bool of_name = false;      // in any folder; else of a path
        bool any_start = false;    // "*suffix"
        bool only_folders = false;
        bool negated = false;
    };
    static std::optional<Rule> read(std::string_view line);
    static bool matches(const Rule& rule, std::string_view path, std::string_view name);

    std::vector<Rule> rules_;
};

}  // namespace xgrid::client
