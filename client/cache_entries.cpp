#include "client/cache_entries.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace xgrid::client {
namespace {

using Json = nlohmann::ordered_json;

// Whatever is not what it should be counts as nothing, as in pytest.
Json parsed(const std::string& text, Json::value_t type) {
    Json value = Json::parse(text, nullptr, false);
    return value.type() == type ? value : Json(type);
}

std::string as_text(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

bool is_collection(const TestResult& result) {
    return result.details && !result.details->phases.empty() &&
           result.details->phases.front().when == "collect";
}

}  // namespace

std::string CacheEntries::setting(const char* name) const {
    const auto found = settings_.find(name);
    return found == settings_.end() ? "" : found->second;
}

void CacheEntries::add(const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        if (settings_.empty()) settings_ = up->facts.settings;
    } else if (const auto* known = std::get_if<UnitsKnown>(&event)) {
        for (const std::string& unit : known->names) {
            if (known_.insert(unit).second) units_.push_back(unit);
        }
    } else if (const auto* loaded = std::get_if<UnitLoaded>(&event)) {
        add_tests(*loaded);
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        const Outcome outcome = finished->result.outcome;
        add_verdict(finished->test.id, finished->environment,
                    outcome == Outcome::failed || outcome == Outcome::error);
        if (is_collection(finished->result)) std::erase(tests_[finished->unit], finished->test.id);
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        add_verdict(late->test.id, late->environment, true);
    } else if (const auto* end = std::get_if<RunFinished>(&event)) {
        stopped_ = end->end != RunEnd::completed;
    }
}

// Of what a second environment names, what the first did not.
void CacheEntries::add_tests(const UnitLoaded& event) {
    std::vector<std::string>& tests = tests_[event.unit];
    const std::set<std::string> before(tests.begin(), tests.end());
    for (const TestName& test : event.tests) {
        if (!before.contains(test.id)) tests.push_back(test.id);
    }
}

void CacheEntries::add_verdict(const std::string& test, std::uint32_t environment, bool failed) {
    std::set<std::uint32_t>& where = failed_[test];
    if (failed) {
        where.insert(environment);
    } else {
        where.erase(environment);
    }
}

std::string CacheEntries::lastfailed(const std::string& before) const {
    Json entries = parsed(before, Json::value_t::object);
    for (const auto& [unit, tests] : tests_) {
        // It could not be collected, and now was: its tests are as good as failed until they pass.
        if (failed_.contains(unit) || entries.erase(unit) == 0) continue;
        for (const std::string& test : tests) entries[test] = true;
    }
    for (const auto& [test, where] : failed_) {
        if (!where.empty()) {
            entries[test] = true;
        } else {
            entries.erase(test);
        }
    }
    return as_text(entries);
}

std::string CacheEntries::nodeids(const std::string& before) const {
    std::set<std::string> all;
    for (const Json& id : parsed(before, Json::value_t::array)) {
        if (id.is_string()) all.insert(id.get<std::string>());
    }
    if (setting("collectonly").empty()) {
        for (const auto& [unit, tests] : tests_) all.insert(tests.begin(), tests.end());
    }
    return as_text(Json(all));
}

std::string CacheEntries::stepwise(const std::string& before) const {
    if (setting("stepwise").empty()) return "[]";
    const Json value = Json::parse(before, nullptr, false);
    const std::string next = next_step(value.is_string() ? value.get<std::string>() : "");
    return as_text(next.empty() ? Json() : Json(next));
}

// The first test in order that has yet to pass: several run at a time, so that what comes before a
// failure need not have run.
std::string CacheEntries::next_step(const std::string& remembered) const {
    const bool skips = !setting("stepwise_skip").empty();
    const auto passed = [&](const std::string& test) {
        const auto found = failed_.find(test);
        if (found == failed_.end()) return false;
        return found->second.empty() || (skips && test == remembered);
    };
    for (const std::string& unit : units_) {
        const auto tests = tests_.find(unit);
        if (tests == tests_.end()) continue;
        for (const std::string& test : tests->second) {
            if (!passed(test) && (stopped_ || failed_.contains(test))) return test;
        }
    }
    const bool open = !remembered.empty() && !failed_.contains(remembered);
    return open ? remembered : "";
}

}  // namespace xgrid::client
