#include "client/plugin_lines.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "client/quarantined.hpp"
#include "shared/outcome_words.hpp"

namespace xgrid::client {
namespace {

using Json = nlohmann::ordered_json;

std::string as_line(const Json& object) {
    return object.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

Json phase_json(const Phase& phase) {
    Json json = {{"when", phase.when}, {"text", phase.text}, {"report", phase.report}};
    if (phase.category == quarantined) json["quarantined"] = phase.reason;
    return json;
}

// Null: not for the plugin.
Json object_for(const WorkerUp& event) {
    return {{"event", "up"},
            {"worker", event.worker},
            {"version", event.facts.version},
            {"platform", event.facts.platform},
            {"executable", event.facts.executable},
            {"root", event.facts.root}};
}
Json object_for(const WorkerDown& event) {
    return {{"event", "down"},
            {"worker", event.worker},
            {"reason", event.reason},
            {"output", event.output}};
}
Json object_for(const UnitLoaded& event) {
    Json tests = Json::array();
    for (const TestName& test : event.tests) tests.push_back(test.id);
    return {{"event", "found"},
            {"tests", std::move(tests)},
            {"deselected", event.deselected},
            {"environment", event.environment}};
}
Json object_for(const TestStarted& event) {
    return {{"event", "start"}, {"id", event.test.id}, {"worker", event.worker}};
}
Json object_for(const TestFinished& event) {
    Json phases = Json::array();
    if (event.result.details) {
        for (const Phase& phase : event.result.details->phases) phases.push_back(phase_json(phase));
    }
    return {{"event", "result"},
            {"id", event.test.id},
            {"worker", event.worker},
            {"crashed", event.result.crashed},
            {"phases", std::move(phases)}};
}
Json object_for(const TeardownFailed& event) {
    return {{"event", "late"},
            {"id", event.test.id},
            {"worker", event.worker},
            {"phases", Json::array({phase_json(event.phase)})}};
}
Json object_for(const WarningSeen& event) {
    const Warning& warning = event.warning;
    return {{"event", "warning"},   {"category", warning.category}, {"message", warning.message},
            {"path", warning.path}, {"line", warning.line},         {"when", warning.when},
            {"id", warning.test}};
}
Json object_for(const NoteSeen& event) { return {{"event", "note"}, {"text", event.text}}; }
Json object_for(const OutputSeen& event) {
    return {{"event", "output"},
            {"worker", event.worker},
            {"stream", event.stream == Stream::out ? "stdout" : "stderr"},
            {"text", event.text}};
}
Json object_for(const TestFailing&) { return nullptr; }  // it may pass yet
Json object_for(const UnitsKnown&) { return nullptr; }
Json object_for(const TreeSynced&) { return nullptr; }
Json object_for(const PropertiesAdded&) { return nullptr; }
Json object_for(const EnvironmentEnded&) { return nullptr; }
Json object_for(const RunFinished&) { return nullptr; }  // said in the end, with the exit code

}  // namespace

std::string PluginLines::begin(Instant) { return {}; }

std::string PluginLines::add(Instant, const Event& event, const Tally& tally) {
    const Json object = std::visit([](const auto& one) { return object_for(one); }, event);
    return expectation(tally) + (object.is_null() ? "" : as_line(object));
}

// pytest takes the run for over once it has seen as many tests as there are.
std::string PluginLines::expectation(const Tally& tally) {
    std::uint64_t most = 0;
    std::uint64_t finished = 0;
    for (const EnvironmentTally& one : tally.environments()) {
        most = std::max(most, one.tests_expected());
        finished = std::max(finished, one.tests_finished());
    }
    const bool certain = tally.tests_certain();
    const std::pair expected(certain ? most : std::max(most, finished + 1), certain);
    if (expected == expected_) return {};
    expected_ = expected;
    return as_line(
        {{"event", "expected"}, {"tests", expected.first}, {"certain", expected.second}});
}

std::string PluginLines::end(Instant, const Tally& tally, int exit_code) {
    return as_line({{"event", "end"},
                    {"end", end_word(tally.end().end)},
                    {"exit_code", exit_code},
                    {"reason", tally.end().reason}});
}

}  // namespace xgrid::client
