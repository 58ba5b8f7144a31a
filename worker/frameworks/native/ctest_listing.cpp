#include "worker/frameworks/native/ctest_listing.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

namespace xgrid::worker::native {
namespace {

using nlohmann::json;

using Texts = std::vector<std::string>;

constexpr double seconds_max = 1e7;
constexpr std::uint32_t processors_max = 1 << 20;

double seconds_from(const json& value) { return std::clamp(value.get<double>(), 0.0, seconds_max); }

void take_restart(const json& value, CTestEntry& entry) {
    entry.timeout_restart = value.at("regex").get<Texts>();
    entry.timeout_restart_seconds = seconds_from(value.at("timeout"));
}

using Take = std::function<void(const json&, CTestEntry&)>;

Take texts(Texts CTestEntry::*member) {
    return [member](const json& value, CTestEntry& entry) { entry.*member = value.get<Texts>(); };
}

Take truth(bool CTestEntry::*member) {
    return [member](const json& value, CTestEntry& entry) { entry.*member = value.get<bool>(); };
}

const std::map<std::string, Take>& properties() {
    static const std::map<std::string, Take> all = {
        {"COST", [](const json& v, CTestEntry& e) { e.cost = v.get<double>(); }},
        {"DEPENDS", texts(&CTestEntry::depends)},
        {"DISABLED", truth(&CTestEntry::disabled)},
        {"ENVIRONMENT", texts(&CTestEntry::environment)},
        {"ENVIRONMENT_MODIFICATION", texts(&CTestEntry::environment_modifications)},
        {"FAIL_REGULAR_EXPRESSION", texts(&CTestEntry::fail)},
        {"FIXTURES_CLEANUP", texts(&CTestEntry::fixtures_cleanup)},
        {"FIXTURES_REQUIRED", texts(&CTestEntry::fixtures_required)},
        {"FIXTURES_SETUP", texts(&CTestEntry::fixtures_setup)},
        {"LABELS", texts(&CTestEntry::labels)},
        {"PASS_REGULAR_EXPRESSION", texts(&CTestEntry::pass)},
        {"PROCESSORS",
         [](const json& v, CTestEntry& e) {
             e.processors = static_cast<std::uint32_t>(
                 std::clamp(v.get<double>(), 1.0, static_cast<double>(processors_max)));
         }},
        {"REQUIRED_FILES", texts(&CTestEntry::required_files)},
        {"RESOURCE_GROUPS", [](const json&, CTestEntry& e) { e.resource_groups = true; }},
        {"RESOURCE_LOCK", texts(&CTestEntry::locks)},
        {"RUN_SERIAL", truth(&CTestEntry::serial)},
        {"SKIP_REGULAR_EXPRESSION", texts(&CTestEntry::skip)},
        {"SKIP_RETURN_CODE",
         [](const json& v, CTestEntry& e) {
             e.skip_code = static_cast<int>(std::clamp(v.get<double>(), -1.0, 256.0));
         }},
        {"TIMEOUT", [](const json& v, CTestEntry& e) { e.timeout_seconds = seconds_from(v); }},
        {"TIMEOUT_AFTER_MATCH", take_restart},
        {"WILL_FAIL", truth(&CTestEntry::will_fail)},
        {"WORKING_DIRECTORY",
         [](const json& v, CTestEntry& e) { e.directory = v.get<std::string>(); }},
    };
    return all;
}

void take_place(const json& graph, const json& test, CTestEntry& entry) {
    const json& node = graph.at("nodes").at(test.at("backtrace").get<std::size_t>());
    entry.path = graph.at("files").at(node.at("file").get<std::size_t>()).get<std::string>();
    if (node.contains("line")) entry.line = node.at("line").get<std::uint32_t>();
}

CTestEntry entry_from(const json& graph, const json& test) {
    CTestEntry entry{.name = test.at("name").get<std::string>()};
    if (test.contains("command")) entry.command = test.at("command").get<Texts>();
    if (test.contains("backtrace")) take_place(graph, test, entry);
    if (!test.contains("properties")) return entry;
    for (const json& property : test.at("properties")) {
        const auto found = properties().find(property.at("name").get<std::string>());
        if (found != properties().end()) found->second(property.at("value"), entry);
    }
    return entry;
}

std::string_view without_warnings(std::string_view text) {
    if (text.starts_with('{')) return text;
    const std::size_t begin = text.find("\n{");
    return begin == text.npos ? text : text.substr(begin + 1);
}

}  // namespace

Result<std::vector<CTestEntry>> ctest_listing_from(std::string_view text) {
    try {
        const json listing = json::parse(without_warnings(text));
        if (listing.at("kind") != "ctestInfo") return Error{"it is no listing of ctest"};
        const json& version = listing.at("version").at("major");
        if (version != 1) return Error{"its version is not 1"};
        std::vector<CTestEntry> entries;
        for (const json& test : listing.at("tests")) {
            entries.push_back(entry_from(listing.at("backtraceGraph"), test));
        }
        return entries;
    } catch (const json::exception& error) {
        return Error{error.what()};
    }
}

}  // namespace xgrid::worker::native
