#include "worker/frameworks/native/meson_listing.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace xgrid::worker::native {
namespace {

using nlohmann::json;

constexpr double seconds_max = 1e7;

/// Before the first ':', and behind it.
std::pair<std::string, std::string> parted(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == text.npos) return {text, ""};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

MesonProtocol protocol_from(const std::string& name) {
    static const std::map<std::string, MesonProtocol> all = {{"exitcode", MesonProtocol::exit_code},
                                                             {"gtest", MesonProtocol::gtest},
                                                             {"tap", MesonProtocol::tap},
                                                             {"rust", MesonProtocol::rust}};
    const auto found = all.find(name);
    return found == all.end() ? MesonProtocol::exit_code : found->second;
}

MesonEntry entry_from(const json& test) {
    MesonEntry entry{.name = test.at("name").get<std::string>(),
                     .command = test.at("cmd").get<std::vector<std::string>>()};
    for (const auto& [name, value] : test.at("env").items()) {
        entry.environment.emplace_back(name, value.get<std::string>());
    }
    if (test.contains("workdir") && test.at("workdir").is_string()) {
        entry.directory = test.at("workdir").get<std::string>();
    }
    if (test.contains("timeout") && test.at("timeout").is_number()) {
        entry.timeout_seconds = std::clamp(test.at("timeout").get<double>(), 0.0, seconds_max);
    }
    entry.suites = test.value("suite", entry.suites);
    entry.parallel = test.value("is_parallel", true);
    entry.protocol = protocol_from(test.value("protocol", "exitcode"));
    if (entry.command.empty()) throw std::out_of_range("a test has no command");
    return entry;
}

}  // namespace

std::string MesonEntry::project() const {
    return suites.empty() ? "" : parted(suites.front()).first;
}

Result<std::vector<MesonEntry>> meson_listing_from(std::string_view text) {
    try {
        const json listing = json::parse(text);
        if (!listing.is_array()) return Error{"it is no list of tests"};
        std::vector<MesonEntry> entries;
        for (const json& test : listing) entries.push_back(entry_from(test));
        return entries;
    } catch (const std::exception& error) {
        return Error{error.what()};
    }
}

Result<MesonDirectories> meson_directories_from(std::string_view text) {
    try {
        const json directories = json::parse(text).at("directories");
        return MesonDirectories{directories.at("build").get<std::string>(),
                                directories.at("source").get<std::string>()};
    } catch (const std::exception& error) {
        return Error{error.what()};
    }
}

std::vector<std::string> meson_ids(const std::vector<MesonEntry>& entries) {
    std::set<std::string> suites;
    for (const MesonEntry& entry : entries) {
        suites.insert(entry.suites.begin(), entry.suites.end());
    }
    std::vector<std::string> ids;
    std::set<std::string> taken;
    for (const MesonEntry& entry : entries) {
        std::string shown;
        if (suites.size() > 1 && !entry.suites.empty()) {
            for (const std::string& suite : entry.suites) {
                shown += (shown.empty() ? "" : "+") + parted(suite).second;
            }
            shown = entry.project() + (shown.empty() ? "" : ":") + shown + " / ";
        }
        shown += entry.name;
        std::string id = shown;
        for (std::size_t number = 2; !taken.insert(id).second; ++number) {
            id = shown + "#" + std::to_string(number);
        }
        ids.push_back(std::move(id));
    }
    return ids;
}

bool in_meson_suites(const MesonEntry& entry, const std::vector<std::string>& suites) {
    for (const std::string& wanted : suites) {
        const auto [first, second] = parted(wanted);
        for (const std::string& suite : entry.suites) {
            const auto [project, name] = parted(suite);
            if (second.empty() && name == first) return true;
            if (!first.empty() && project != first) continue;
            if (!second.empty() && name != second) continue;
            return true;
        }
    }
    return false;
}

bool has_meson_name(const MesonEntry& entry, const std::vector<std::string>& names) {
    return std::ranges::any_of(names, [&](const std::string& wanted) {
        if (wanted.find(':') == wanted.npos) return entry.name == wanted;
        const auto [project, name] = parted(wanted);
        return (project.empty() || entry.project() == project) &&
               (name.empty() || entry.name == name);
    });
}

}  // namespace xgrid::worker::native
