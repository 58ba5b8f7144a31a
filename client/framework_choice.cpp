#include "client/framework_choice.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string.h>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

// A script may be executable, too, and is no test binary.
bool is_program(const fs::path& path) {
    if (access(path.c_str(), X_OK) != 0) return false;
    std::array<char, 4> magic{};
    std::ifstream file(path, std::ios::binary);
    return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), magic.size()) ==
                                                        "\x7f"
                                                        "ELF";
}

std::string framework_of_path(const fs::path& path) {
    std::error_code error;
    if (fs::is_regular_file(path, error)) return is_program(path) ? "binaries" : "pytest";
    if (fs::exists(path / "CTestTestfile.cmake", error)) return "ctest";
    if (fs::exists(path / "meson-info" / "intro-tests.json", error)) return "meson";
    return "pytest";
}

std::vector<std::string> lines_in(std::istream& text) {
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) {
        if (line.ends_with('\r')) line.pop_back();
        const std::size_t from = line.find_first_not_of(" \t");
        if (from != std::string::npos && line[from] != '#') lines.push_back(line.substr(from));
    }
    return lines;
}

}  // namespace

std::string framework_of(const std::vector<std::string>& targets, const std::string& directory) {
    std::string found;
    std::string first;
    for (const std::string& target : targets) {
        const fs::path path = fs::path(directory) / target.substr(0, target.find("::"));
        std::error_code error;
        if (!fs::exists(path, error)) continue;
        const std::string framework = framework_of_path(path);
        if (!found.empty() && framework != found) {
            throw Fatal(fmt::format("{} and {} are tests of different frameworks ({} and {}): "
                                    "submit them one after the other",
                                    first, target, found, framework),
                        4);
        }
        found = framework;
        first = target;
    }
    return found.empty() ? "pytest" : found;
}

std::vector<std::string> read_commands(const std::string& path, const std::string& directory) {
    if (path == "-") return lines_in(std::cin);
    const fs::path file = fs::path(directory) / path;
    std::ifstream text(file);
    std::error_code error;
    if (!text || fs::is_directory(file, error)) {
        throw Fatal(fmt::format("cannot read the commands in {}: {}", path,
                                fs::is_directory(file, error) ? "it is a folder" : strerror(errno)),
                    4);
    }
    return lines_in(text);
}

}  // namespace xgrid::client
