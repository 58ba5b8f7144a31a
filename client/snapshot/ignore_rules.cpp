#include "client/snapshot/ignore_rules.hpp"

#include <algorithm>
#include <utility>

namespace xgrid::client {
namespace {

constexpr std::string_view special = "*?[\\";

std::string_view without_trailing_spaces(std::string_view line) {
    std::size_t end = 0;  // behind the last letter that counts
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (line[at] == ' ') continue;
        if (line[at] == '\\' && ++at >= line.size()) return line;
        end = at + 1;
    }
    return line.substr(0, end);
}

}  // namespace

IgnoreRules::IgnoreRules(std::string_view file) {
    if (file.starts_with("\xEF\xBB\xBF")) file.remove_prefix(3);
    while (!file.empty()) {
        const std::size_t end = std::min(file.find('\n'), file.size());
        std::string_view line = file.substr(0, end);
        file.remove_prefix(std::min(end + 1, file.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = line.substr(0, line.find('\0'));
        if (line.starts_with('#')) continue;
        if (std::optional<Rule> rule = read(without_trailing_spaces(line))) {
            rules_.push_back(std::move(*rule));
        }
    }
}

std::optional<IgnoreRules::Rule> IgnoreRules::read(std::string_view line) {
    Rule rule;
    rule.negated = line.starts_with('!');
    if (rule.negated) line.remove_prefix(1);
    rule.only_folders = line.ends_with('/');
    if (rule.only_folders) line.remove_suffix(1);
    if (line.empty()) return std::nullopt;
    rule.of_name = line.find('/') == std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);

    const std::size_t plain = std::min(line.find_first_of(special), line.size());
    if (rule.of_name && plain == 0 && line.front() == '*' &&
        line.find_first_of(special, 1) == std::string_view::npos) {
        rule.any_start = true;
        rule.suffix = line.substr(1);
        return rule;
    }
    if (plain == line.size()) {
        rule.prefix = line;
        return rule;
    }
    // A name's pattern is taken whole, a path's from its first star: what counts as a "**" of its
    // own in "a**/b" depends on that.
    if (!rule.of_name) rule.prefix = line.substr(0, plain);
    rule.rest.emplace(line.substr(rule.prefix.size()));
    return rule;
}

bool IgnoreRules::matches(const Rule& rule, std::string_view path, std::string_view name) {
    const std::string_view subject = rule.of_name ? name : path;
    if (rule.any_start) return subject.ends_with(rule.suffix);
    if (!rule.rest) return subject == rule.prefix;
    return subject.starts_with(rule.prefix) &&
           rule.rest->matches(subject.substr(rule.prefix.size()));
}

std::optional<bool> IgnoreRules::ignore(std::string_view path, bool is_folder) const {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const auto last = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& rule) {
        return (is_folder || !rule.only_folders) && matches(rule, path, name);
    });
    if (last == rules_.rend()) return std::nullopt;
    return !last->negated;
}

}  // namespace xgrid::client
