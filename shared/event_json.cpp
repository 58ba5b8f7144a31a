#include "shared/event_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>
#include <variant>

#include "shared/outcome_words.hpp"

namespace xgrid {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

std::string message_of(const TestResult& result) {
    if (!result.details) return {};
    for (const Phase& phase : result.details->phases) {
        if (!phase.message.empty()) return phase.message;
        if (!phase.reason.empty()) return phase.reason;
    }
    return {};
}

void name_test(Json& object, const TestName& test) {
    object["id"] = test.id;
    if (test.occurrence > 0) object["occurrence"] = test.occurrence;
}

Json phase_json(const Phase& phase) {
    Json object = {{"when", phase.when}, {"category", phase.category}};
    for (const auto& [name, text] :
         {std::pair("message", &phase.message), std::pair("reason", &phase.reason),
          std::pair("text", &phase.text), std::pair("path", &phase.path)}) {
        if (!text->empty()) object[name] = *text;
    }
    if (phase.line > 0) object["line"] = phase.line;
    return object;
}

// What no program wants to read for each test, and a person for some.
void add_details(Json& object, const TestResult& result) {
    object["seconds"] = result.seconds;
    if (!result.details) return;
    Json& phases = object["phases"] = Json::array();
    for (const Phase& phase : result.details->phases) phases.push_back(phase_json(phase));
    if (!result.details->sections.empty()) object["sections"] = result.details->sections;
}

// Null: nothing that is told of. Environments, trees and details are filled in below.
Json object_for(const WorkerUp& event) {
    return {{"event", "worker_up"},
            {"worker", event.worker},
            {"environment", nullptr},
            {"host", event.host},
            {"platform", event.facts.platform},
            {"python", event.facts.version},
            {"executable", event.facts.executable},
            {"fingerprint", event.facts.fingerprint}};
}
Json object_for(const WorkerDown& event) {
    return {{"event", "worker_down"},
            {"worker", event.worker},
            {"environment", nullptr},
            {"reason", event.reason}};
}
Json object_for(const TestStarted& event) {
    Json object = {{"event", "test_started"}};
    name_test(object, event.test);
    object["worker"] = event.worker;
    object["environment"] = nullptr;
    return object;
}
// A verdict, or a result that is not final.
template <class Ended>
Json object_for_result(const char* name, const Ended& event) {
    const auto& seconds = event.result.seconds;
    Json object = {{"event", name}};
    name_test(object, event.test);
    object["outcome"] = outcome_word(event.result.outcome);
    object["worker"] = event.worker;
    object["environment"] = nullptr;
    object["duration"] = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    object["attempt"] = event.attempt;
    if constexpr (requires { event.retried; }) object["retried"] = event.retried;
    object["crashed"] = event.result.crashed;
    object["message"] = message_of(event.result);
    return object;
}
Json object_for(const TestFinished& event) { return object_for_result("test_finished", event); }
Json object_for(const TestFailing& event) { return object_for_result("test_failing", event); }
Json object_for(const TeardownFailed& event) {
    Json object = {{"event", "teardown_failed"}};
    name_test(object, event.test);
    object["worker"] = event.worker;
    object["environment"] = nullptr;
    object["message"] = event.phase.message;
    return object;
}
Json object_for(const WarningSeen& event) {
    return {{"event", "warning"},
            {"worker", event.worker},
            {"category", event.warning.category},
            {"message", event.warning.message},
            {"path", event.warning.path},
            {"line", event.warning.line},
            {"id", event.warning.test}};
}
Json object_for(const PropertiesAdded& event) {
    Json object = {{"event", "test_properties"}};
    name_test(object, event.test);
    object["worker"] = event.worker;
    object["environment"] = nullptr;
    object["properties"] = event.properties;
    return object;
}
Json object_for(const NoteSeen& event) {
    return {{"event", "note"}, {"worker", event.worker}, {"text", event.text}};
}
Json object_for(const OutputSeen& event) {
    return {{"event", "output"},
            {"worker", event.worker},
            {"stream", event.stream == Stream::out ? "stdout" : "stderr"},
            {"text", event.text}};
}
Json object_for(const UnitLoaded& event) {
    Json tests = Json::array();
    for (const TestName& test : event.tests) {
        Json& object = tests.emplace_back(Json::object());
        name_test(object, test);
    }
    return {{"event", "unit_loaded"},
            {"unit", event.unit},
            {"environment", nullptr},
            {"tests", std::move(tests)}};
}
Json object_for(const TreeSynced& event) {
    return {{"event", "synced"},
            {"environment", nullptr},
            {"tree", nullptr},
            {"files", event.facts.files},
            {"objects_sent", event.facts.objects_sent},
            {"bytes_sent", event.facts.bytes_sent},
            {"seconds", event.facts.seconds}};
}
Json object_for(const EnvironmentEnded& event) {
    return {{"event", "environment_ended"},
            {"environment", nullptr},
            {"end", end_word(event.end)},
            {"exit_code", event.code},
            {"reason", event.reason}};
}
Json object_for(const UnitsKnown&) { return nullptr; }
Json object_for(const RunFinished&) { return nullptr; }  // told with the counts

}  // namespace

std::string event_json(const Event& event, const EventContext& context) {
    Json object = std::visit([](const auto& one) { return object_for(one); }, event);
    if (object.is_null()) return {};
    if (object.contains("tree")) object["tree"] = context.tree;
    if (object.contains("environment") && !context.environment.empty()) {
        object["environment"] = context.environment;
    }
    if (context.flaky) object["flaky"] = *context.flaky;
    if (context.quarantine != nullptr) {
        object["quarantine"] = {{"owner", context.quarantine->owner},
                                {"issue", context.quarantine->issue},
                                {"until", context.quarantine->until}};
    }
    if (context.whole) {
        if (const auto* test = std::get_if<TestFinished>(&event)) add_details(object, test->result);
        if (const auto* test = std::get_if<TestFailing>(&event)) add_details(object, test->result);
        if (const auto* late = std::get_if<TeardownFailed>(&event)) {
            object["phases"] = Json::array({phase_json(late->phase)});
        }
    }
    // Microseconds: what is less says nothing of a client.
    if (context.at) object["at"] = std::round(*context.at * 1e6) / 1e6;
    // Tests print any bytes, and JSON is UTF-8.
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace xgrid
