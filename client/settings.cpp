#include "client/settings.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "client/arguments.hpp"
#include "client/needs_settings.hpp"
#include "client/quarantine_settings.hpp"
#include "client/words.hpp"

namespace xgrid::client {
namespace {

constexpr std::array known = {
    KnownSetting{"boxed", Takes::truth},
    KnownSetting{"broker"},
    KnownSetting{"broker-key", Takes::path},
    KnownSetting{"collect"},
    KnownSetting{"compress"},
    KnownSetting{"dist", Takes::text, true},
    KnownSetting{"duplicate-tail", Takes::truth},
    KnownSetting{"empty-folders", Takes::truth},
    KnownSetting{"exitfirst", Takes::truth, true},
    KnownSetting{"fail-on-flaky", Takes::truth},
    KnownSetting{"framework"},
    KnownSetting{"group-by"},
    KnownSetting{"html", Takes::path},
    KnownSetting{"json", Takes::path},
    KnownSetting{"junitprefix"},
    KnownSetting{"junitxml", Takes::path},
    KnownSetting{"keep", Takes::texts},
    KnownSetting{"key", Takes::path},
    KnownSetting{"label", Takes::texts},
    KnownSetting{"looponfail", Takes::truth, true},
    KnownSetting{"max-worker-restart", Takes::number, true},
    KnownSetting{"maxfail", Takes::number, true},
    KnownSetting{"maxprocesses", Takes::number, true},
    KnownSetting{"maxschedchunk", Takes::number, true},
    KnownSetting{"no-confirm", Takes::truth},
    KnownSetting{"numprocesses", Takes::number, true},
    KnownSetting{"perfetto", Takes::path},
    KnownSetting{"priority", Takes::number},
    KnownSetting{"project"},
    KnownSetting{"px", Takes::texts, true},
    KnownSetting{"python", Takes::path},
    KnownSetting{"ramp", Takes::number, true},
    KnownSetting{"retries", Takes::number},
    KnownSetting{"retry-on"},
    KnownSetting{"rsyncdir", Takes::texts, true},
    KnownSetting{"rsyncignore", Takes::texts, true},
    KnownSetting{"start"},
    KnownSetting{"take-all", Takes::truth},
    KnownSetting{"tap", Takes::path},
    KnownSetting{"testrunuid", Takes::text, true},
    KnownSetting{"timeout", Takes::number},
    KnownSetting{"tx", Takes::texts, true},
};

constexpr const char* wanted(Takes takes) {
    switch (takes) {
        case Takes::number: return "a number";
        case Takes::texts: return "text or a list of texts";
        case Takes::truth: return "true or false";
        default: return "text";
    }
}

Error unfit(const Setting& setting, Takes takes, const std::string& found) {
    return Error{fmt::format("{}: wanted {}, found {}", called(setting), wanted(takes), found)};
}

// One value of TOML as text; none: it is of another type.
std::optional<std::string> text_of(const TomlValue& value, Takes takes) {
    if (const auto* text = std::get_if<std::string>(&value.value)) {
        return takes == Takes::truth ? std::nullopt : std::optional(*text);
    }
    if (const auto* truth = std::get_if<bool>(&value.value)) {
        return takes == Takes::truth ? std::optional<std::string>(*truth ? "true" : "false")
                                     : std::nullopt;
    }
    if (takes != Takes::number) return std::nullopt;
    if (const auto* whole = std::get_if<std::int64_t>(&value.value))
        return fmt::format("{}", *whole);
    if (const auto* real = std::get_if<double>(&value.value)) return fmt::format("{}", *real);
    return std::nullopt;
}

// A value that everything takes: neither empty (but for switches in the environment) nor with a
// zero.
bool is_usable(const std::string& value) {
    return !value.empty() && value.find('\0') == std::string::npos;
}

std::string finished(const std::string& value, Takes takes, const Origin& origin) {
    const bool is_name = takes != Takes::path || value == "-";
    return is_name ? value : located(value, origin);
}

// A program without a slash is a name for PATH; a report without one is a file. A broker's key may
// be there itself.
std::string finished(const KnownSetting& setting, const std::string& value, const Origin& origin) {
    const std::string_view name = setting.name;
    const bool on_path = name == "python" && value.find('/') == std::string::npos;
    const bool is_key = name == "broker-key" && (value.starts_with("xgp1_") || value == "none");
    return on_path || is_key ? value : finished(value, setting.takes, origin);
}

}  // namespace

std::string called(const Setting& setting) {
    if (setting.origin.name.empty()) return "--" + setting.name;
    return fmt::format("{} in {}", setting.name, setting.origin.name);
}

std::span<const KnownSetting> known_settings() { return known; }

const KnownSetting* known_setting(std::string_view name) {
    const auto* found = std::ranges::find(known, name, &KnownSetting::name);
    return found == known.end() ? nullptr : found;
}

Result<std::vector<Setting>> settings_of(const TomlTable& table, const Origin& origin,
                                         std::vector<std::string>& warnings) {
    std::vector<Setting> settings;
    for (const auto& [name, value] : table) {
        if (is_of_needs(name) || is_of_quarantine(name)) continue;
        const KnownSetting* setting = known_setting(name);
        if (setting == nullptr) {
            warnings.push_back(fmt::format("no such setting: {} in {}", name, origin.name));
            continue;
        }
        Setting found{name, {}, origin};
        const auto* list = std::get_if<TomlList>(&value.value);
        if (list != nullptr && setting->takes != Takes::texts) {
            return unfit(found, setting->takes, kind_of(value));
        }
        for (const TomlValue& item : list == nullptr ? TomlList{value} : *list) {
            const std::optional<std::string> text = text_of(item, setting->takes);
            if (!text) return unfit(found, setting->takes, kind_of(item));
            if (!is_usable(*text)) return unfit(found, setting->takes, "nothing");
            found.value = finished(*setting, *text, origin);
            settings.push_back(found);
        }
    }
    return settings;
}

Result<std::vector<Setting>> settings_of_variable(std::string_view name, std::string_view value,
                                                  const Origin& origin) {
    std::vector<Setting> settings;
    if (!name.starts_with("XGRID_") || value.empty()) return settings;
    std::string lower(name.substr(6));
    std::ranges::transform(lower, lower.begin(), [](char letter) {
        if (letter >= 'A' && letter <= 'Z') return static_cast<char>(letter - 'A' + 'a');
        return letter == '_' ? '-' : letter;
    });
    const KnownSetting* setting = known_setting(lower);
    if (setting == nullptr) return settings;
    Setting found{lower, std::string(value), origin};
    if (setting->takes == Takes::truth) {
        static const std::set<std::string_view> yes = {"1", "true", "yes", "on"};
        static const std::set<std::string_view> no = {"0", "false", "no", "off"};
        if (!yes.contains(value) && !no.contains(value)) {
            return unfit(found, setting->takes, fmt::format("'{}'", value));
        }
        found.value = yes.contains(value) ? "true" : "false";
        settings.push_back(found);
    } else if (setting->takes == Takes::texts) {
        Result<std::vector<std::string>> words = split_words(value);
        if (!words) return Error{fmt::format("{}: {}", called(found), words.error())};
        for (const std::string& word : *words) settings.push_back({lower, word, origin});
    } else {
        found.value = finished(*setting, found.value, origin);
        settings.push_back(found);
    }
    return settings;
}

std::vector<Setting> settings_of_addopts(const std::vector<std::string>& words,
                                         const Origin& origin) {
    static const std::map<std::string, std::string> letters = {
        {"-n", "numprocesses"}, {"-x", "exitfirst"}, {"-d", "dist"}, {"-f", "looponfail"}};
    const auto kind = [](const std::string& name) -> OptionKind {
        if (name == "-d" || name == "-x" || name == "-f") return {Owner::ours, false};
        if (name == "-n") return {Owner::ours, true};
        const KnownSetting* setting =
            name.starts_with("--") ? known_setting(name.substr(2)) : nullptr;
        if (setting == nullptr || !setting->in_addopts) {
            return {Owner::pytest, pytest_option_takes_value(name)};
        }
        return {Owner::ours, setting->takes != Takes::truth};
    };
    std::vector<Setting> settings;
    for (const std::string& argument : split_arguments(words, kind).ours) {
        if (argument.starts_with("--")) {
            const std::size_t equals = argument.find('=');
            const std::string name =
                argument.substr(2, equals == std::string::npos ? equals : equals - 2);
            const bool is_switch = known_setting(name)->takes == Takes::truth;
            if (is_switch == (equals != std::string::npos)) continue;  // pytest says what is wrong
            const std::string value = is_switch ? "true" : argument.substr(equals + 1);
            if (is_usable(value)) settings.push_back({name, value, origin});
        } else {
            const std::string letter = argument.substr(0, 2);
            const std::string value = letter == "-n"   ? argument.substr(2)
                                      : letter == "-d" ? "load"
                                                       : "true";
            if (is_usable(value)) settings.push_back({letters.at(letter), value, origin});
        }
    }
    return settings;
}

std::vector<Setting> settings_of_conftest(std::string_view source, const Origin& origin,
                                          std::vector<std::string>& warnings) {
    static const std::map<std::string, std::string, std::less<>> settings = {
        {"option_tx", "tx"},
        {"option_dist", "dist"},
        {"rsyncdirs", "rsyncdir"},
        {"rsyncignore", "rsyncignore"}};
    constexpr std::string_view longer = "pytest_";
    std::set<std::string, std::less<>> names;
    for (const auto& [name, _] : settings) {
        names.insert(name);
        names.insert(std::string(longer) + name);
    }
    const Literals literals = read_literals(source, names);
    for (const std::string& note : literals.notes) {
        warnings.push_back(fmt::format("{}:{}, and is ignored", origin.name, note));
    }
    std::map<std::string, Literal> last;
    for (const Assignment& assignment : literals.assignments) {
        const std::size_t skipped = assignment.name.starts_with(longer) ? longer.size() : 0;
        last[settings.at(assignment.name.substr(skipped))] = assignment.value;
    }
    std::vector<Setting> found;
    for (const auto& [name, value] : last) {
        if (const auto* text = std::get_if<std::string>(&value)) {
            found.push_back({name, *text, origin});
        } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
            for (const std::string& each : *texts) found.push_back({name, each, origin});
        } else if (name == "dist" && value == Literal(true)) {
            found.push_back({name, "load", origin});
        }
    }
    std::erase_if(found, [](const Setting& setting) { return !is_usable(setting.value); });
    return found;
}

std::string located(const std::string& path, const Origin& origin) {
    const bool stays = path.empty() || path[0] == '/' || origin.name.empty();
    return stays ? path : origin.folder + "/" + path;
}

}  // namespace xgrid::client
