#include "client/json_lines.hpp"

#include <nlohmann/json.hpp>
#include <numeric>

namespace xgrid::client {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

// Until environments have names of their own, there is one.
constexpr const char* environment = "local";

std::string as_line(const Json& object) {
    // Tests print any bytes, and JSON is UTF-8.
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

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

// Null: nothing that the contract tells of.
Json object_for(const WorkerUp& event) {
    return {{"event", "worker_up"},
            {"worker", event.worker},
            {"environment", environment},
            {"host", event.host},
            {"platform", event.facts.platform},
            {"python", event.facts.version},
            {"executable", event.facts.executable}};
}
Json object_for(const WorkerDown& event) {
    return {{"event", "worker_down"},
            {"worker", event.worker},
            {"environment", environment},
            {"reason", event.reason}};
}
Json object_for(const TestStarted& event) {
    Json object = {{"event", "test_started"}};
    name_test(object, event.test);
    object["worker"] = event.worker;
    object["environment"] = environment;
    return object;
}
Json object_for(const TestFinished& event) {
    const auto& seconds = event.result.seconds;
    Json object = {{"event", "test_finished"}};
    name_test(object, event.test);
    object["outcome"] = outcome_word(event.result.outcome);
    object["worker"] = event.worker;
    object["environment"] = environment;
    object["duration"] = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    object["attempt"] = event.attempt;
    object["crashed"] = event.result.crashed;
    object["message"] = message_of(event.result);
    return object;
}
Json object_for(const TestFailing& event) {
    Json object = {{"event", "test_failing"}};
    name_test(object, event.test);
    object["outcome"] = outcome_word(event.result.outcome);
    object["worker"] = event.worker;
    object["environment"] = environment;
    object["message"] = message_of(event.result);
    return object;
}
Json object_for(const TeardownFailed& event) {
    Json object = {{"event", "teardown_failed"}};
    name_test(object, event.test);
    object["worker"] = event.worker;
    object["environment"] = environment;
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
    return {{"event", "unit_loaded"}, {"unit", event.unit}, {"tests", std::move(tests)}};
}
Json object_for(const TreeSynced& event) {
    return {{"event", "synced"},
            {"environment", environment},
            {"tree", nullptr},
            {"files", event.facts.files},
            {"objects_sent", event.facts.objects_sent},
            {"bytes_sent", event.facts.bytes_sent},
            {"seconds", event.facts.seconds}};
}
Json object_for(const EnvironmentEnded&) { return nullptr; }
Json object_for(const UnitsKnown&) { return nullptr; }
Json object_for(const RunFinished&) { return nullptr; }  // said in the end, with the counts

}  // namespace

std::string JsonLines::begin(Instant now) {
    began_at_ = now;
    return run_started();
}

std::string JsonLines::begin_again(std::string run) {
    run_ = std::move(run);
    return run_started();
}

std::string JsonLines::run_started() const {
    Json object = {{"event", "run_started"}, {"run", run_}};
    object["tree"] = tree_.empty() ? Json(nullptr) : Json(tree_);
    return as_line(object);
}

std::string JsonLines::add(Instant, const Event& event, const Tally&) {
    Json object = std::visit([](const auto& one) { return object_for(one); }, event);
    if (std::holds_alternative<TreeSynced>(event)) object["tree"] = tree_;
    return object.is_null() ? std::string() : as_line(object);
}

std::string JsonLines::end(Instant now, const Tally& tally, int exit_code) {
    const double wall = std::chrono::duration<double>(now - began_at_).count();
    Json counts = Json::object();
    for (const auto& [category, count] : tally.counts()) counts[category] = count;
    return as_line({{"event", "run_finished"},
                    {"counts", std::move(counts)},
                    {"exit_code", exit_code},
                    {"reason", tally.end().reason},
                    {"wall", wall}});
}

}  // namespace xgrid::client
