#include "client/snapshot/selection.hpp"

#include <algorithm>
#include <fcntl.h>
#include <utility>

#include "client/snapshot/disk.hpp"

namespace xgrid::client {
namespace {

bool is_below(std::string_view path, std::string_view folder) {
    return folder.empty() ||
           (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

struct Selection::Rules {
    const Rules* weaker = nullptr;
    IgnoreRules rules;
    std::size_t skip = 0;  // of path_: where the paths begin that they speak of
};

Selection::Selection(const SnapshotSettings& settings, const Plan& plan)
    : plan_(plan), ignored_(settings.ignore), usual_(settings.left_out) {}
Selection::~Selection() = default;

Selection::Level Selection::root() {
    Level level;
    if (is_named("")) return {.take = Take::everything};
    const std::string& root = plan_.places.front().directory;
    std::unique_ptr<WorkingCopy> copy = WorkingCopy::find(root, WorkingCopy::Search::upwards);
    const std::string top = copy ? copy->directory() : "";
    if (!copy || (root != top && !is_below(root, top == "/" ? "" : top))) return level;
    enter(level, std::move(copy), 0);
    std::string prefix = root.substr(std::min(top.size() + 1, root.size()));
    if (prefix.empty()) return level;

    // Rules of the folders from the repository's to the root, which may ignore the root itself.
    prefix += '/';
    std::size_t begin = 0;
    bool ignored = false;
    for (std::size_t end = prefix.find('/'); end != std::string::npos;
         end = prefix.find('/', begin)) {
        const std::string file = top + "/" + prefix.substr(0, begin) + ".gitignore";
        add(level, read_rules(AT_FDCWD, file.c_str(), false), begin);
        path_ = prefix.substr(0, end);
        ignored = ignored || is_ignored(level, true);
        begin = end + 1;
    }
    if (ignored) {
        // A repository that does not know the root has nothing to say about it.
        if (!level.copy->tracks(path_)) return {};
        level.take = Take::tracked;
    }
    prefix_ = std::move(prefix);
    return level;
}

bool Selection::asks_for_rules(const Level& level) {
    return level.copy != nullptr && level.take == Take::by_rules;
}

void Selection::enter_repository(Level& level, const std::string& path,
                                 const std::string& directory) {
    if (level.take == Take::everything || level.take == Take::named) return;
    std::unique_ptr<WorkingCopy> copy = WorkingCopy::find(directory, WorkingCopy::Search::here);
    if (!copy) return;
    level = {};
    enter(level, std::move(copy), prefix_.size() + path.size() + 1);
}

void Selection::enter(Level& level, std::unique_ptr<WorkingCopy> copy, std::size_t skip) {
    level.copy = copy.get();
    level.skip = skip;
    for (const std::string& file : copy->rule_files()) {
        if (!file.empty()) add(level, read_rules(AT_FDCWD, file.c_str(), true), skip);
    }
    copies_.push_back(std::move(copy));
}

void Selection::add_rules(Level& level, const std::string& path, const std::string& text) {
    add(level, text, prefix_.size() + (path.empty() ? 0 : path.size() + 1));
}

void Selection::add(Level& level, const std::string& text, std::size_t skip) {
    IgnoreRules rules(text);
    if (rules.empty()) return;
    rules_.push_back({.weaker = level.rules, .rules = std::move(rules), .skip = skip});
    level.rules = &rules_.back();
}

std::optional<Take> Selection::choice(const Level& level, const std::string& path,
                                      const Candidate& candidate) {
    if (candidate.name == ".git") return std::nullopt;
    if (std::ranges::find(plan_.hidden, path) != plan_.hidden.end()) return std::nullopt;
    if (is_named(path)) return Take::everything;
    std::optional<Take> choice = choice_of_rules(level, path, candidate);
    if (!choice && candidate.is_folder && leads_to_named(path)) return Take::named;
    return choice;
}

std::optional<Take> Selection::choice_of_rules(const Level& level, const std::string& path,
                                               const Candidate& candidate) {
    if (level.take == Take::named || is_left_out(path, candidate)) return std::nullopt;
    const bool usual = usual_.by_name(candidate.name);
    if (level.take == Take::everything) {
        if (usual) return std::nullopt;
        return Take::everything;
    }
    path_.assign(prefix_).append(path);
    if (level.take == Take::by_rules && !usual && !is_ignored(level, candidate.is_folder)) {
        return Take::by_rules;
    }
    if (level.copy == nullptr || !level.copy->tracks(path_.substr(level.skip))) return std::nullopt;
    return Take::tracked;
}

bool Selection::is_left_out(const std::string& path, const Candidate& candidate) const {
    if (ignored_.by_name(candidate.name)) return true;
    if (!ignored_.asks_for_paths()) return false;
    const Place& place = plan_.places[candidate.place];
    const std::string relative = path_in(place, path);
    return ignored_.by_path(relative) || ignored_.by_path(place.directory + "/" + relative);
}

bool Selection::is_ignored(const Level& level, bool is_folder) const {
    for (const Rules* rules = level.rules; rules != nullptr; rules = rules->weaker) {
        const std::string_view path = std::string_view(path_).substr(rules->skip);
        if (const std::optional<bool> ignore = rules->rules.ignore(path, is_folder)) return *ignore;
    }
    return false;
}

bool Selection::is_named(std::string_view path) const {
    return std::ranges::find(plan_.named, path) != plan_.named.end();
}

bool Selection::leads_to_named(std::string_view path) const {
    return std::ranges::any_of(plan_.named,
                               [&](const std::string& named) { return is_below(named, path); });
}

std::vector<std::string> Selection::warnings() const {
    std::vector<std::string> warnings;
    for (const auto& copy : copies_) {
        if (!copy->trouble().empty()) warnings.push_back(copy->trouble());
    }
    return warnings;
}

}  // namespace xgrid::client
