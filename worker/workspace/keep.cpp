#include "worker/workspace/keep.hpp"

#include <algorithm>
#include <cstddef>
#include <fnmatch.h>

namespace xgrid::worker {
namespace {

bool fits(const std::string& pattern, std::string_view text) {
    return ::fnmatch(pattern.c_str(), std::string(text).c_str(), FNM_PATHNAME) == 0;
}

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Keep::Keep(const std::vector<std::string>& patterns) {
    for (std::string text : patterns) {
        Pattern pattern;
        while (text.ends_with('/')) {
            text.pop_back();
            pattern.of_folders = true;
        }
        pattern.of_path = text.find('/') != text.npos;
        text.erase(0, text.find_first_not_of('/'));
        if (text.empty()) continue;
        pattern.text = text;
        patterns_.push_back(pattern);
    }
}

bool Keep::keeps(std::string_view path, bool is_folder, bool in_tree) const {
    return std::ranges::any_of(patterns_, [&](const Pattern& pattern) {
        if (pattern.of_folders && !is_folder) return false;
        if (pattern.of_path) return fits(pattern.text, path);
        return in_tree && fits(pattern.text, name_in(path));
    });
}

bool Keep::may_keep_below(const std::string& path) const {
    const std::ptrdiff_t names = std::ranges::count(path, '/') + 1;
    return std::ranges::any_of(patterns_, [&](const Pattern& pattern) {
        if (!pattern.of_path) return false;
        std::size_t end = 0;
        for (std::ptrdiff_t i = 0; i < names; ++i) {
            end = pattern.text.find('/', i == 0 ? 0 : end + 1);
            if (end == pattern.text.npos) return false;
        }
        return fits(pattern.text.substr(0, end), path);
    });
}

bool is_compiled(std::string_view name) {
    // Not at the end alone: a file that was being written has a number there.
    return name.find(".pyc") != name.npos || name.find(".pyo") != name.npos;
}

bool is_current(std::string_view compiled, const ListedFolder& above,
                const std::vector<bool>& unchanged) {
    // a.b.cpython-311.pyc may be of a.py, a.b.py, …: what follows is up to the compiler, and has
    // dots too.
    bool has_source = false;
    for (std::size_t dot = compiled.find('.'); dot != compiled.npos;
         dot = compiled.find('.', dot + 1)) {
        const std::string source = std::string(compiled.substr(0, dot)) + ".py";
        const ListedEntry* entry = find_entry(above, source);
        if (entry == nullptr) continue;
        if (!unchanged[static_cast<std::size_t>(entry - above.entries.data())]) return false;
        has_source = true;
    }
    return has_source;
}

}  // namespace xgrid::worker
