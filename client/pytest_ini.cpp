#include "client/pytest_ini.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "client/arguments.hpp"
#include "client/ini_text.hpp"
#include "client/words.hpp"
#include "shared/text_file.hpp"
#include "shared/toml_text.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

using Values = decltype(PytestIni::values);

constexpr std::array names = {"pytest.toml",    ".pytest.toml", "pytest.ini", ".pytest.ini",
                              "pyproject.toml", "tox.ini",      "setup.cfg"};

bool is_file(const fs::path& path) {
    std::error_code none;
    return fs::is_regular_file(path, none);
}

bool is_folder(const fs::path& path) {
    std::error_code none;
    return fs::is_directory(path, none);
}

bool is_there(const fs::path& path) {
    std::error_code none;
    return fs::exists(path, none);
}

Values values_of(const TomlTable& table) {
    Values values;
    for (const auto& [name, toml] : table) {
        if (const auto* text = std::get_if<std::string>(&toml.value)) values[name] = *text;
        const auto* list = std::get_if<TomlList>(&toml.value);
        if (list == nullptr) continue;
        std::vector<std::string> texts;
        for (const TomlValue& item : *list) {
            if (const auto* text = std::get_if<std::string>(&item.value)) texts.push_back(*text);
        }
        values[name] = std::move(texts);
    }
    return values;
}

// None: it does not speak to pytest.
std::optional<Values> read_toml(const fs::path& path, const std::string& text) {
    Result<TomlTable> table = parse_toml(text);
    if (!table) return Values();
    const bool is_pytests = path.filename() != "pyproject.toml";
    if (const TomlTable* pytest = table_at(*table, {"tool", "pytest", "ini_options"})) {
        return values_of(*pytest);
    }
    if (is_pytests) {
        const TomlTable* pytest = table_at(*table, {"pytest"});
        return pytest == nullptr ? Values() : values_of(*pytest);
    }
    const TomlTable* pytest = table_at(*table, {"tool", "pytest"});
    return pytest == nullptr ? std::nullopt : std::optional(values_of(*pytest));
}

std::optional<Values> read_ini(const fs::path& path, const std::string& text) {
    Result<std::map<std::string, IniSection>> sections = parse_ini(text);
    if (!sections) return Values();
    const auto found = sections->find(path.extension() == ".cfg" ? "tool:pytest" : "pytest");
    if (found != sections->end()) return Values(found->second.begin(), found->second.end());
    const fs::path name = path.filename();
    if (name == "pytest.ini" || name == ".pytest.ini") return Values();  // even if it is empty
    return std::nullopt;
}

std::optional<Values> read_config(const fs::path& path) {
    if (!is_file(path)) return std::nullopt;
    Result<std::optional<std::string>> text = read_text(path);
    if (!text || !*text) return std::nullopt;
    if (path.extension() == ".toml") return read_toml(path, **text);
    return read_ini(path, **text);
}

// Upwards from a folder. A pyproject.toml that does not speak to pytest still marks a project.
bool locate(PytestIni& found, const fs::path& from) {
    fs::path project;
    for (fs::path folder = from;; folder = folder.parent_path()) {
        for (const char* name : names) {
            const fs::path path = folder / name;
            if (std::optional<Values> values = read_config(path)) {
                found = {folder, path, *std::move(values)};
                return true;
            }
            if (project.empty() && path.filename() == "pyproject.toml" && is_file(path)) {
                project = path;
            }
        }
        if (folder == folder.parent_path()) break;
    }
    if (project.empty()) return false;
    found = {project.parent_path(), project, {}};
    return true;
}

fs::path common(const fs::path& left, const fs::path& right) {
    fs::path path;
    for (auto one = left.begin(), other = right.begin();
         one != left.end() && other != right.end() && *one == *other; ++one, ++other) {
        path /= *one;
    }
    return path;
}

fs::path absolute(const std::string& directory, const std::string& path) {
    const fs::path whole = (fs::path(directory) / path).lexically_normal();
    return whole.has_filename() || whole == whole.root_path() ? whole : whole.parent_path();
}

std::vector<fs::path> folders_of(const PytestQuestion& question) {
    std::vector<fs::path> folders;
    for (const std::string& target : question.targets) {
        const fs::path path = absolute(question.directory, target.substr(0, target.find("::")));
        if (is_there(path)) folders.push_back(is_folder(path) ? path : path.parent_path());
    }
    return folders;
}

PytestIni find(const PytestQuestion& question) {
    PytestIni found;
    if (!question.config_file.empty()) {
        const fs::path path = absolute(question.directory, question.config_file);
        return {path.parent_path(), path, read_config(path).value_or(Values())};
    }
    const std::vector<fs::path> folders = folders_of(question);
    fs::path ancestor = folders.empty() ? fs::path(question.directory) : folders.front();
    for (const fs::path& folder : folders) ancestor = common(ancestor, folder);
    if (locate(found, ancestor)) return found;
    for (fs::path folder = ancestor;; folder = folder.parent_path()) {
        if (is_file(folder / "setup.py")) return {folder, {}, {}};
        if (folder == folder.parent_path()) break;
    }
    if (folders.size() > 1) {
        for (const fs::path& folder : folders) {
            if (locate(found, folder)) return found;
        }
    }
    const fs::path both = common(question.directory, ancestor);
    found.root = both == both.root_path() ? ancestor : both;
    return found;
}

// -cVALUE, -c VALUE, --name=VALUE, --name VALUE
bool value_of(const std::vector<std::string>& arguments, std::size_t& place,
              const std::string& name, std::string& value) {
    const std::string& argument = arguments[place];
    const bool is_long = name.starts_with("--");
    const std::string before = is_long ? name + "=" : name;
    if (argument == name && place + 1 < arguments.size()) {
        value = arguments[++place];
    } else if (argument.starts_with(before) && argument.size() > name.size()) {
        value = argument.substr(before.size());
    } else {
        return false;
    }
    return true;
}

}  // namespace

Result<std::vector<std::string>> PytestIni::words(const std::string& name) const {
    const auto found = values.find(name);
    if (found == values.end()) return std::vector<std::string>();
    if (const auto* list = std::get_if<std::vector<std::string>>(&found->second)) return *list;
    return split_words(std::get<std::string>(found->second));
}

PytestIni find_pytest_ini(const PytestQuestion& question) {
    PytestIni found = find(question);
    if (!question.rootdir.empty()) found.root = absolute(question.directory, question.rootdir);
    for (const auto& [name, value] : question.overrides) found.values[name] = value;
    return found;
}

PytestQuestion pytest_question(const std::string& directory,
                               const std::vector<std::string>& arguments) {
    PytestQuestion question{.directory = directory};
    bool only_targets = false;
    for (std::size_t place = 0; place < arguments.size(); ++place) {
        const std::string& argument = arguments[place];
        std::string override;
        if (only_targets || argument.empty() || argument[0] != '-' || argument == "-") {
            question.targets.push_back(argument);
        } else if (argument == "--") {
            only_targets = true;
        } else if (argument == "--noconftest") {
            question.conftest = false;
        } else if (value_of(arguments, place, "-o", override) ||
                   value_of(arguments, place, "--override-ini", override)) {
            const std::size_t equals = override.find('=');
            if (equals == std::string::npos) continue;
            question.overrides.emplace_back(override.substr(0, equals),
                                            override.substr(equals + 1));
        } else if (!value_of(arguments, place, "-c", question.config_file) &&
                   !value_of(arguments, place, "--config-file", question.config_file) &&
                   !value_of(arguments, place, "--rootdir", question.rootdir) &&
                   pytest_option_takes_value(argument)) {
            ++place;
        }
    }
    return question;
}

}  // namespace xgrid::client
