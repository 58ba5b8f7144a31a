#include "client/project.hpp"

#include <filesystem>
#include <optional>
#include <system_error>

#include "shared/text_file.hpp"
#include "shared/toml_text.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

// A work tree's top has a folder .git, or a file that says where it is.
bool is_work_tree(const fs::path& folder) {
    std::error_code none;
    return fs::is_regular_file(folder / ".git", none) || fs::exists(folder / ".git/HEAD", none);
}

bool speaks_to_xgrid(const fs::path& pyproject) {
    std::error_code none;
    if (!fs::is_regular_file(pyproject, none)) return false;
    Result<std::optional<std::string>> text = read_text(pyproject);
    if (!text || !*text) return false;
    Result<TomlTable> table = parse_toml(**text);  // what is wrong is for pytest to say
    return table && table_at(*table, {"tool", "xgrid"}) != nullptr;
}

template <class Is>
fs::path nearest(const fs::path& from, Is is) {
    for (fs::path folder = from;; folder = folder.parent_path()) {
        if (is(folder)) return folder;
        if (folder == folder.parent_path()) return {};
    }
}

}  // namespace

Project find_project(const std::string& directory, const PytestIni& ini) {
    std::string settings;
    const fs::path marked = nearest(directory, [&](const fs::path& folder) {
        std::error_code none;
        if (fs::exists(folder / "xgrid.toml", none)) settings = folder / "xgrid.toml";
        if (settings.empty() && speaks_to_xgrid(folder / "pyproject.toml")) {
            settings = folder / "pyproject.toml";
        }
        return !settings.empty();
    });
    if (!marked.empty()) return {marked, settings};
    if (const fs::path top = nearest(directory, is_work_tree); !top.empty()) return {top, {}};
    if (!ini.file.empty()) return {ini.root, {}};
    return {directory, {}};
}

}  // namespace xgrid::client
