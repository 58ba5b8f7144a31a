#include "client/sync_settings.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

void add(std::vector<std::string>& to, const std::string& text) {
    if (std::ranges::find(to, text) == to.end()) to.push_back(text);
}

std::string in(const Origin& origin) {
    return origin.name.empty() ? "" : fmt::format(" (in {})", origin.name);
}

std::string folder_of(const Setting& setting) {
    std::error_code error;
    const fs::path path = fs::path(setting.origin.folder) / setting.value;
    const fs::path found = fs::canonical(path, error);
    if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
        throw Fatal(
            fmt::format("rsyncdir doesn't exist: '{}'{}", setting.value, in(setting.origin)), 4);
    }
    if (!error && fs::is_directory(found, error)) return found;
    throw Fatal(fmt::format("rsyncdir is not a folder: '{}'{}{}", setting.value, in(setting.origin),
                            error ? ": " + error.message() : ""),
                4);
}

std::string glob_of(const Setting& setting) {
    std::string glob = setting.value;
    while (glob.size() > 1 && glob.ends_with('/')) glob.pop_back();
    if (glob.find('/') == std::string::npos) return glob;
    return (fs::path(setting.origin.folder) / glob).lexically_normal();
}

}  // namespace

SyncSettings sync_settings(const std::string& root, const std::vector<Setting>& settings) {
    SyncSettings found{.root = root};
    for (const Setting& setting : settings) {
        if (setting.name == "rsyncdir") add(found.folders, folder_of(setting));
        if (setting.name == "rsyncignore") add(found.ignores, glob_of(setting));
        if (setting.name == "keep") add(found.keep, glob_of(setting));
    }
    return found;
}

}  // namespace xgrid::client
