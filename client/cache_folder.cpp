#include "client/cache_folder.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

constexpr const char* readme =
    "# pytest cache directory #\n\n"
    "This directory contains data from the pytest's cache plugin,\n"
    "which provides the `--lf` and `--ff` options, as well as the `cache` fixture.\n\n"
    "**Do not** commit this to version control.\n\n"
    "See [the docs](https://docs.pytest.org/en/stable/how-to/cache.html) for more information.\n";
constexpr const char* tag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This file is a cache directory tag created by pytest.\n"
    "# For information about cache directory tags, see:\n"
    "#\thttps://bford.info/cachedir/spec.html\n";

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Whole or not at all: another run may be reading.
void write(const fs::path& path, const std::string& text) {
    fs::path draft = path;
    draft += "." + std::to_string(getpid());
    std::ofstream file(draft, std::ios::binary);
    file << text;
    file.close();
    std::error_code error;
    if (file) fs::rename(draft, path, error);
    if (!file || error) fs::remove(draft, error);
}

}  // namespace

bool CacheFolder::exists_or_made() const {
    std::error_code error;
    if (fs::is_directory(path_, error)) return true;
    if (!fs::create_directories(path_, error)) return false;
    write(fs::path(path_) / "README.md", readme);
    write(fs::path(path_) / ".gitignore", "# Created by pytest automatically.\n*\n");
    write(fs::path(path_) / "CACHEDIR.TAG", tag);
    return true;
}

void CacheFolder::update(const std::string& entry,
                         const std::function<std::string(const std::string&)>& change) const {
    const fs::path path = fs::path(path_) / "v" / entry;
    const std::string before = read(path);
    const std::string after = change(before);
    if (after == before || !exists_or_made()) return;
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    write(path, after);
}

}  // namespace xgrid::client
