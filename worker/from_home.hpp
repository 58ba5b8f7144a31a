// Names of files in what a client asks for, where the client is elsewhere: relative to the home
// folder here, and `~` is that. Pure.
#pragma once

#include <string>

#include "shared/messages.hpp"

namespace xgrid::worker {

/// `home` is absolute; a name that is absolute stays.
inline std::string from_home(const std::string& name, const std::string& home) {
    if (name.empty() || name.starts_with('/')) return name;
    if (name == "~") return home;
    return home + "/" + (name.starts_with("~/") ? name.substr(2) : name);
}

/// Its folder for code and its interpreter. A command without a slash is looked for on PATH.
inline void find_from_home(RunSpec& spec, const std::string& home) {
    if (spec.tree) spec.tree->folder = from_home(spec.tree->folder, home);
    if (spec.interpreter.find('/') != std::string::npos) {
        spec.interpreter = from_home(spec.interpreter, home);
    }
}

}  // namespace xgrid::worker
