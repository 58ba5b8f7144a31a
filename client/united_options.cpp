#include "client/united_options.hpp"

#include <algorithm>
#include <array>

namespace xgrid::client {
namespace {

bool repeats(const std::string& name) {
    const KnownSetting* setting = known_setting(name);
    return setting != nullptr && setting->takes == Takes::texts;
}

}  // namespace

bool is_both(const std::string& name) {
    static constexpr std::array names = {
        "--capture",    "--co",        "--collect-only",
        "--color",      "--durations", "--durations-min",
        "--exitfirst",  "--maxfail",   "--no-header",
        "--no-summary", "--quiet",     "--show-capture",
        "--tb",         "--verbose",   "-q",
        "-r",           "-s",          "-v",
        "-x",
    };
    return std::ranges::find(names, name) != names.end();
}

std::string with_main_name(const std::string& argument) {
    static const std::map<std::string, std::string> others = {{"--junit-xml", "--junitxml"},
                                                              {"--junit-prefix", "--junitprefix"},
                                                              {"--co", "--collect-only"},
                                                              {"--forked", "--boxed"}};
    const std::size_t equals = argument.find('=');
    const auto found = others.find(argument.substr(0, equals));
    if (found == others.end()) return argument;
    return equals == std::string::npos ? found->second : found->second + argument.substr(equals);
}

United unite(const std::vector<Setting>& files, const std::vector<std::string>& ours,
             const std::string& directory) {
    United united;
    std::map<std::string, Setting> last;
    for (const Setting& setting : files) {
        if (repeats(setting.name)) {
            united.repeated.push_back(setting);
        } else if (setting.name == "exitfirst") {
            if (setting.value == "true") last["maxfail"] = {"maxfail", "1", setting.origin};
        } else {
            last[setting.name] = setting;
        }
    }
    for (const auto& [name, setting] : last) {
        const bool is_switch = known_setting(name)->takes == Takes::truth;
        if (is_switch && setting.value == "false") continue;
        united.arguments.push_back("--" + name + (is_switch ? "" : "=" + setting.value));
        united.presets[name] = called(setting);
        if (is_both("--" + name)) united.pytest.push_back(united.arguments.back());
    }
    for (const std::string& argument : ours) {
        const std::size_t equals = argument.find('=');
        const bool has_value = argument.starts_with("--") && equals != std::string::npos;
        const std::string name = has_value ? argument.substr(2, equals - 2) : "";
        if (repeats(name)) {
            united.repeated.push_back({name, argument.substr(equals + 1), {"", directory}});
        } else {
            united.arguments.push_back(argument);
        }
    }
    return united;
}

}  // namespace xgrid::client
