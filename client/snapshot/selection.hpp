// Which entries of a folder travel: what was named, what git ignores or tracks, what stays behind.
// Owns the rules on the way from the root to where a walk is; reads no folder itself.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/snapshot/ignore_rules.hpp"
#include "client/snapshot/left_out.hpp"
#include "client/snapshot/plan.hpp"
#include "client/snapshot/settings.hpp"
#include "client/snapshot/working_copy.hpp"

namespace xgrid::client {

/// Which entries of a folder travel: none but those on the way to a named folder; the tracked ones
/// too; those that are not ignored too; all.
enum class Take { named, tracked, by_rules, everything };

class Selection {
public:
    struct Rules;
    /// What holds in a folder.
    struct Level {
        Take take = Take::by_rules;
        WorkingCopy* copy = nullptr;
        std::size_t skip = 0;  // of a path: where the copy's own paths begin
        const Rules* rules = nullptr;
    };
    struct Candidate {
        const std::string& name;
        std::size_t place = 0;
        bool is_folder = false;
    };

    Selection(const SnapshotSettings& settings, const Plan& plan);
    ~Selection();

    /// Before the root's own ignore file is known.
    Level root();

    /// A folder turned out to have a `.git`: if that is a repository, its rules hold from here on.
    void enter_repository(Level& level, const std::string& path, const std::string& directory);
    /// A folder turned out to have an ignore file.
    void add_rules(Level& level, const std::string& path, const std::string& text);
    static bool asks_for_rules(const Level& level);

    /// Of an entry at this path of the tree: what of it travels; none: it stays behind.
    std::optional<Take> choice(const Level& level, const std::string& path,
                               const Candidate& candidate);

    /// What could not be found out.
    std::vector<std::string> warnings() const;

private:
    std::optional<Take> choice_of_rules(const Level& level, const std::string& path,
                                        const Candidate& candidate);
    bool is_left_out(const std::string& path, const Candidate& candidate) const;
    bool is_ignored(const Level& level, bool is_folder) const;
    bool is_named(std::string_view path) const;
    bool leads_to_named(std::string_view path) const;
    void enter(Level& level, std::unique_ptr<WorkingCopy> copy, std::size_t skip);
    void add(Level& level, const std::string& text, std::size_t skip);

    const Plan& plan_;
    const LeftOut ignored_;
    const LeftOut usual_;
    std::string prefix_;  // of the root in its repository, with a slash; or empty
    std::string path_;    // of whom we speak, there
    std::deque<Rules> rules_;
    std::vector<std::unique_ptr<WorkingCopy>> copies_;
};

}  // namespace xgrid::client
