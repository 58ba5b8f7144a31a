#include "client/settings_files.hpp"

#include <filesystem>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "client/quarantine_settings.hpp"
#include "client/words.hpp"
#include "shared/config_home.hpp"
#include "shared/ensure.hpp"
#include "shared/text_file.hpp"
#include "shared/toml_text.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

using Variables = std::map<std::string, std::string>;

std::string value_of(const Variables& variables, const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
}

// What must be right, or a person has to put it right.
template <class T>
T right(Result<T> result) {
    if (!result) throw Fatal(result.error(), 4);
    return *std::move(result);
}

fs::path users_file(const Variables& variables) {
    const fs::path folder = users_folder(variables);
    return folder.empty() ? folder : folder / "config.toml";
}

class Collector {
public:
    explicit Collector(FoundSettings& settings) : settings_(settings) {}

    void add(std::vector<Setting> values) {
        settings_.values.insert(settings_.values.end(), std::move_iterator(values.begin()),
                                std::move_iterator(values.end()));
    }

    void add_toml(const fs::path& path) {
        if (path.empty()) return;
        const std::optional<std::string> text = right(read_text(path));
        if (!text) return;
        Result<TomlTable> table = parse_toml(*text);
        if (!table) throw Fatal(fmt::format("cannot read {}: {}", path.string(), table.error()), 4);
        const bool is_pythons = path.filename() == "pyproject.toml";
        const TomlTable* ours = is_pythons ? table_at(*table, {"tool", "xgrid"}) : &*table;
        if (ours == nullptr) return;
        add(right(settings_of(*ours, origin_of(path), settings_.warnings)));
        unite(settings_.needs, right(needs_of(*ours, origin_of(path))));
        std::vector<Quarantine> more = right(quarantines_of(*ours, origin_of(path)));
        settings_.quarantines.insert(settings_.quarantines.end(), more.begin(), more.end());
    }

    void add_pytest(const PytestIni& ini, const std::string& directory) {
        const Origin origin = ini.file.empty() ? Origin{"-o", directory} : origin_of(ini.file);
        for (const auto& [ours, theirs] :
             {std::pair("rsyncdir", "rsyncdirs"), std::pair("rsyncignore", "rsyncignore")}) {
            for (const std::string& word : words(ini, theirs)) add({{ours, word, origin}});
        }
        for (const std::string& word : words(ini, "looponfailroots")) {
            settings_.watch_roots.push_back(located(word, origin));
        }
        add(settings_of_addopts(words(ini, "addopts"), origin));
    }

    void add_pytest_addopts(const std::string& text, const std::string& directory) {
        Result<std::vector<std::string>> words = split_words(text);
        if (words) add(settings_of_addopts(*words, {"PYTEST_ADDOPTS", directory}));
    }

    // What cannot be read of it is for pytest to say, which runs it.
    void add_conftest(const fs::path& path) {
        Result<std::optional<std::string>> text = read_text(path);
        if (!text || !*text) return;
        add(settings_of_conftest(**text, origin_of(path), settings_.warnings));
    }

    void add_environment(const Variables& variables, const std::string& directory) {
        for (const auto& [name, value] : variables) {
            add(right(settings_of_variable(name, value, {"the environment", directory})));
        }
    }

private:
    static Origin origin_of(const fs::path& path) {
        return {path.string(), path.parent_path().string()};
    }

    // What pytest cannot part into words it will complain about itself.
    static std::vector<std::string> words(const PytestIni& ini, const char* name) {
        Result<std::vector<std::string>> found = ini.words(name);
        return found ? *found : std::vector<std::string>();
    }

    FoundSettings& settings_;
};

}  // namespace

fs::path users_folder(const Variables& variables) {
    return config_home(value_of(variables, "XDG_CONFIG_HOME"), value_of(variables, "HOME"));
}

FoundSettings read_settings(const PytestQuestion& question, const Variables& variables) {
    const PytestIni ini = find_pytest_ini(question);
    FoundSettings settings;
    settings.project = find_project(question.directory, ini);
    Collector collector(settings);
    collector.add_toml(users_file(variables));
    collector.add_toml(settings.project.settings);
    collector.add_pytest(ini, question.directory);
    collector.add_pytest_addopts(value_of(variables, "PYTEST_ADDOPTS"), question.directory);
    if (question.conftest) collector.add_conftest(fs::path(ini.root) / "conftest.py");
    collector.add_environment(variables, question.directory);
    return settings;
}

}  // namespace xgrid::client
