#include "client/json_lines.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "client/end_word.hpp"
#include "client/event_environment.hpp"
#include "client/quarantined.hpp"
#include "shared/quarantines.hpp"

namespace xgrid::client {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

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

// Null: nothing that the contract tells of. Environments are filled in by who knows their names.
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
Json object_for(const TestFinished& event) {
    const auto& seconds = event.result.seconds;
    Json object = {{"event", "test_finished"}};
    name_test(object, event.test);
    object["outcome"] = outcome_word(event.result.outcome);
    object["worker"] = event.worker;
    object["environment"] = nullptr;
    object["duration"] = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    object["attempt"] = event.attempt;
    object["crashed"] = event.result.crashed;
    object["message"] = message_of(event.result);
    return object;
}
Json object_for(const TestFailing& event) {
    const auto& seconds = event.result.seconds;
    Json object = {{"event", "test_failing"}};
    name_test(object, event.test);
    object["outcome"] = outcome_word(event.result.outcome);
    object["worker"] = event.worker;
    object["environment"] = nullptr;
    object["duration"] = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    object["attempt"] = event.attempt;
    object["retried"] = event.retried;
    object["crashed"] = event.result.crashed;
    object["message"] = message_of(event.result);
    return object;
}
Json object_for(const Quarantine& one) {
    return {{"owner", one.owner}, {"issue", one.issue}, {"until", one.until}};
}
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
Json object_for(const RunFinished&) { return nullptr; }  // said in the end, with the counts

Json object_for(const MatrixGroup& group, const Matrix& matrix,
                const EnvironmentNames& environments) {
    static constexpr std::array kinds = {"failed_everywhere", "failed_somewhere",
                                         "found_somewhere"};
    Json object = {{"kind", kinds.at(static_cast<std::size_t>(group.kind))}};
    for (const auto& [word, cell] :
         {std::pair("failed", Cell::failed), std::pair("passed", Cell::passed),
          std::pair("skipped", Cell::skipped), std::pair("absent", Cell::absent),
          std::pair("known", Cell::known), std::pair("open", Cell::open)}) {
        Json& names = object[word] = Json::array();
        for (const std::uint32_t one : group.where(cell)) names.push_back(environments[one]);
    }
    if (group.kind == MatrixGroup::Kind::failed_somewhere) {
        Json& differences = object["differences"] = Json::array();
        for (const Difference& one : matrix.differences(group)) {
            differences.push_back(
                {{"name", one.name}, {"failed", one.failed}, {"passed", one.passed}});
        }
    }
    Json& tests = object["tests"] = Json::array();
    for (const TestName& test : group.tests) {
        name_test(tests.emplace_back(Json::object()), test);
    }
    return object;
}

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

std::string JsonLines::add(Instant, const Event& event, const Tally& tally) {
    Json object = std::visit([](const auto& one) { return object_for(one); }, event);
    if (object.is_null()) return {};
    if (std::holds_alternative<TreeSynced>(event)) object["tree"] = tree_;
    if (const auto* finished = std::get_if<TestFinished>(&event)) {
        if (tally.earlier().ran_again()) object["flaky"] = tally.earlier().is_flaky();
        if (is_quarantined(finished->result)) {
            const Quarantine* why = quarantine_of(tally.quarantines(), finished->test);
            if (why != nullptr) object["quarantine"] = object_for(*why);
        }
    }
    if (object.contains("environment")) {
        const std::string name = environment_name(event);
        if (!name.empty()) object["environment"] = name;
    }
    if (const auto* ended = std::get_if<EnvironmentEnded>(&event)) {
        // Of what completed the broker says no more than that: what tests came to, counts tell.
        const bool each = ended->environment < tally.environments().size();
        if (each && ended->end == RunEnd::completed && ended->code == 0) {
            const EnvironmentTally& counts = tally.environments()[ended->environment];
            object["exit_code"] = counts.count("failed") + counts.count("error") > 0 ? 1 : 0;
        }
    }
    return as_line(object);
}

// Empty: nobody knows. A slot tells where it is as it begins.
std::string JsonLines::environment_name(const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) workers_[up->worker] = up->environment;
    std::uint32_t environment = environment_of(event).value_or(0);
    if (const auto* down = std::get_if<WorkerDown>(&event)) {
        const auto found = workers_.find(down->worker);
        if (found == workers_.end() && environments_.several()) return {};
        if (found != workers_.end()) environment = found->second;
    }
    return environments_[environment];
}

std::string JsonLines::end(Instant now, const Tally& tally, int exit_code) {
    const double wall = std::chrono::duration<double>(now - began_at_).count();
    Json counts = Json::object();
    for (const auto& [category, count] : tally.counts()) counts[category] = count;
    const std::string matrix = tally.matrix() == nullptr ? "" : matrix_line(tally);
    return matrix + as_line({{"event", "run_finished"},
                             {"counts", std::move(counts)},
                             {"exit_code", exit_code},
                             {"reason", tally.end().reason},
                             {"wall", wall}});
}

// All of what a terminal shows the beginning of.
std::string JsonLines::matrix_line(const Tally& tally) const {
    const Matrix& matrix = *tally.matrix();
    Json environments = Json::array();
    for (std::uint32_t i = 0; i < matrix.environments(); ++i) {
        const EnvironmentEnded* ended = tally.end_of(i);
        environments.push_back({{"name", environments_[i]},
                                {"counts", tally.environments()[i].counts()},
                                {"end", end_word(ended ? ended->end : tally.end().end)},
                                {"reason", ended ? ended->reason : ""},
                                {"fingerprint", matrix.fingerprint(i)}});
    }
    Json groups = Json::array();
    for (const MatrixGroup& group : matrix.groups())
        groups.push_back(object_for(group, matrix, environments_));
    return as_line({{"event", "matrix"},
                    {"environments", std::move(environments)},
                    {"groups", std::move(groups)}});
}

}  // namespace xgrid::client
