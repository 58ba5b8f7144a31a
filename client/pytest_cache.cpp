#include "client/pytest_cache.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

constexpr const char* readme =
    "What pytest remembers from one run to the next: which tests failed (`--lf`, `--ff`), which is "
    "next\n"
    "(`--sw`), and what the `cache` fixture keeps. It can be deleted, and belongs in no "
    "repository.\n";
constexpr const char* tag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Backup programs leave out a folder with this file: https://bford.info/cachedir/spec.html\n";

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

bool PytestCache::exists_or_made() const {
    std::error_code error;
    if (fs::is_directory(path_, error)) return true;
    if (!fs::create_directories(path_, error)) return false;
    write(fs::path(path_) / "README.md", readme);
    write(fs::path(path_) / ".gitignore", "# Created by pytest automatically.\n*\n");
    write(fs::path(path_) / "CACHEDIR.TAG", tag);
    return true;
}

void PytestCache::update(const std::string& entry,
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
