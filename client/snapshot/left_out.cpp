#include "client/snapshot/left_out.hpp"

#include <algorithm>
#include <fnmatch.h>

namespace xgrid::client {
namespace {

constexpr std::string_view special = "*?[";

bool is_match(const std::string& glob, const std::string& text) {
    // As Python's: a backslash is a letter like any other.
    return fnmatch(glob.c_str(), text.c_str(), FNM_NOESCAPE) == 0;
}

}  // namespace

LeftOut::LeftOut(const std::vector<std::string>& globs) {
    for (std::string glob : globs) {
        while (glob.size() > 1 && glob.ends_with('/')) glob.pop_back();
        if (glob.find('/') != std::string::npos) {
            paths_.push_back(glob);
        } else if (glob.find_first_of(special) == std::string::npos) {
            names_.insert(glob);
        } else if (glob.front() == '*' && glob.find_first_of(special, 1) == std::string::npos) {
            endings_.push_back(glob.substr(1));
        } else {
            globs_.push_back(glob);
        }
    }
}

bool LeftOut::by_name(const std::string& name) const {
    return names_.contains(name) ||
           std::ranges::any_of(endings_, [&](const auto& end) { return name.ends_with(end); }) ||
           std::ranges::any_of(globs_, [&](const auto& glob) { return is_match(glob, name); });
}

bool LeftOut::by_path(const std::string& path) const {
    return std::ranges::any_of(paths_, [&](const auto& glob) { return is_match(glob, path); });
}

}  // namespace xgrid::client
