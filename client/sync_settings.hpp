// What of the code travels to where tests run, as a user's settings say it. Knows how to tell what
// they mean; looks at folders only to see that they are there.
#pragma once

#include <string>
#include <vector>

#include "client/settings.hpp"

namespace xgrid::client {

struct SyncSettings {
    std::string root;  // of the project; absolute

    /// Each --rsyncdir, as an absolute path without links, "." or ".."; in order, none twice.
    std::vector<std::string> folders;

    /// Globs of what stays: without a slash they match a name, with one an absolute path. In order,
    /// none twice; so with what `keep` says stays in a workspace, though it is in no tree.
    std::vector<std::string> ignores;
    std::vector<std::string> keep;

    /// What is named to be run, and those of its libraries that lie in the project, travel though
    /// git ignores them (a build folder with all in it). Absolute. For frameworks of programs.
    std::vector<std::string> targets;

    bool take_all = false;       // also what usually stays (snapshot/settings.hpp)
    bool empty_folders = false;  // also those

    friend bool operator==(const SyncSettings&, const SyncSettings&) = default;
};

/// Of the settings rsyncdir, rsyncignore and keep; others are not looked at. Throws Fatal with exit
/// code 4 for a folder that is not there; it is named as it was given.
SyncSettings sync_settings(const std::string& root, const std::vector<Setting>& settings);

}  // namespace xgrid::client
