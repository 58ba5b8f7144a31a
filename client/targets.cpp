#include "client/targets.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "client/within.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

// In the root, if links on the way there lead to it.
fs::path place_of(const fs::path& path, const fs::path& root) {
    if (is_within(path, root)) return path;
    std::error_code error;
    const fs::path real = fs::canonical(path.parent_path(), error) / path.filename();
    return !error && is_within(real, root) ? real : path;
}

}  // namespace

std::vector<std::string> take_targets(std::vector<std::string>& words, const std::string& directory,
                                      const std::string& root) {
    std::vector<std::string> targets;
    for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
        if (words[i].starts_with("-")) {
            if (words[i] == "-k") ++i;  // what follows is its value
            continue;
        }
        const std::size_t end = std::min(words[i].find("::"), words[i].size());
        const fs::path named = words[i].substr(0, end);
        std::error_code none;
        fs::path path = (fs::path(directory) / named).lexically_normal();
        if (!path.has_filename()) path = path.parent_path();
        if (named.empty() || !fs::exists(path, none)) continue;
        path = place_of(path, root);
        if (named.is_absolute() && is_within(path, root)) {
            words[i] = path.lexically_relative(directory).string() + words[i].substr(end);
        }
        if (std::ranges::find(targets, path.string()) == targets.end()) targets.push_back(path);
    }
    return targets;
}

}  // namespace xgrid::client
