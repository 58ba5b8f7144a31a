#include "client/plugin_command.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

#include "client/plugin_sources.hpp"
#include "shared/cache_home.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

constexpr std::array actions = {"install", "uninstall", "path"};

constexpr const char* help =
    "usage: xgrid plugin install|uninstall [--python INTERPRETER | FOLDER]\n"
    "       xgrid plugin path\n\n"
    "Lets pytest itself run its tests with xgrid: pytest -n 4, pytest --tx ..., pytest --xgrid.\n\n"
    "  install     put it among the packages of INTERPRETER (default: python3), where pytest finds "
    "it\n"
    "              by itself, or into FOLDER\n"
    "  uninstall   remove it from there\n"
    "  path        print a folder that has it: PYTHONPATH=\"$(xgrid plugin path)\" pytest -p "
    "xgrid_pytest\n";

std::string source_of(std::string_view file) {
    const auto found = std::ranges::find(plugin_sources, file,
                                         &std::pair<std::string_view, std::string_view>::first);
    ensure(found != plugin_sources.end(), "the plugin is in the program");
    return std::string(found->second);
}

std::string python_literal(const std::string& text) {
    std::string literal = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') literal += '\\';
        literal += letter;
    }
    return literal + "\"";
}

// It starts the program that it came from.
std::string plugin_source() {
    constexpr std::string_view empty = "PROGRAM = \"\"";
    std::string source = source_of("xgrid_pytest");
    const std::size_t at = source.find(empty);
    ensure(at != std::string::npos, "the plugin has a place for the program's name");
    std::error_code none;
    const fs::path own = fs::read_symlink("/proc/self/exe", none);
    return source.replace(at, empty.size(), "PROGRAM = " + python_literal(own.string()));
}

int print_path() {
    const fs::path home = cache_home();
    if (home.empty()) throw Fatal("there is no folder for the plugin: set XGRID_CACHE_HOME", 3);
    const fs::path folder = home / "plugin";
    const fs::path draft = folder / fmt::format("draft-{}", getpid());
    std::error_code error;
    fs::create_directories(folder, error);
    const bool written = (std::ofstream(draft) << plugin_source() << std::flush).good();
    if (!written && !error) error = std::make_error_code(std::errc::io_error);
    if (!error) fs::rename(draft, folder / "xgrid_pytest.py", error);
    if (error) {
        std::error_code none;
        fs::remove(draft, none);
        throw Fatal(
            fmt::format("cannot write the plugin to {}: {}", folder.string(), error.message()), 3);
    }
    fmt::print("{}\n", folder.string());
    return 0;
}

}  // namespace

CommandText plugin_text() {
    return {.name = "plugin",
            .opening = help,
            .groups = {{"Options",
                        {{.name = "python",
                          .value = "INTERPRETER",
                          .usual = PluginCommand().python,
                          .text = "among whose packages it is put"},
                         {.name = "help", .letter = 'h', .text = "show this"}}}},
            .words = {actions.begin(), actions.end()},
            .operand = Operand::folder};
}

std::optional<PluginCommand> parse_plugin_command(const std::vector<std::string>& arguments) {
    PluginCommand command;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument == "--help" || argument == "-h") {
            fmt::print("{}", help);
            return std::nullopt;
        }
        if (argument == "--python" && i + 1 < arguments.size()) {
            command.python = arguments[++i];
        } else if (argument.starts_with("--python=")) {
            command.python = argument.substr(std::strlen("--python="));
        } else if (argument.starts_with("-")) {
            throw Fatal(fmt::format("xgrid plugin: no such option, or no value: {}", argument), 4);
        } else if (command.action.empty()) {
            command.action = argument;
        } else if (command.folder.empty() && command.action != "path") {
            command.folder = argument;
        } else {
            throw Fatal(fmt::format("xgrid plugin: one argument too many: {}", argument), 4);
        }
    }
    if (std::ranges::find(actions, command.action) == actions.end()) {
        throw Fatal(fmt::format("xgrid plugin: say install, uninstall or path, not '{}'\n"
                                "(xgrid plugin --help tells more)",
                                command.action),
                    4);
    }
    return command;
}

int run_plugin_command(const PluginCommand& command) {
    if (command.action == "path") return print_path();
    std::vector<std::string> words = {command.python, "-c",           source_of("install"),
                                      command.action, command.folder, command.version,
                                      plugin_source()};
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    execvp(pointers[0], pointers.data());
    throw Fatal(fmt::format("cannot run {}: {}", command.python, strerror(errno)), 3);
}

}  // namespace xgrid::client
