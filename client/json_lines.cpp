#include "client/json_lines.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "client/event_environment.hpp"
#include "client/quarantined.hpp"
#include "shared/event_json.hpp"
#include "shared/outcome_words.hpp"
#include "shared/quarantines.hpp"

namespace xgrid::client {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

std::string as_line(const Json& object) {
    // Tests print any bytes, and JSON is UTF-8.
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void name_test(Json& object, const TestName& test) {
    object["id"] = test.id;
    if (test.occurrence > 0) object["occurrence"] = test.occurrence;
}

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

// Of what completed the broker says no more than that: what tests came to, counts tell.
EnvironmentEnded with_code(EnvironmentEnded event, const Tally& tally) {
    const bool each = event.environment < tally.environments().size();
    if (each && event.end == RunEnd::completed && event.code == 0) {
        const EnvironmentTally& counts = tally.environments()[event.environment];
        event.code = counts.count("failed") + counts.count("error") > 0 ? 1 : 0;
    }
    return event;
}

}  // namespace

std::string JsonLines::begin(Instant now) {
    began_at_ = now;
    return run_started();
}

std::string JsonLines::begin_again(const std::string& run) {
    settings_.run = run;
    return run_started();
}

std::string JsonLines::run_started() const {
    Json object = {{"event", "run_started"}, {"run", settings_.run}};
    object["tree"] = settings_.tree.empty() ? Json(nullptr) : Json(settings_.tree);
    Json& names = object["environments"] = Json::array();
    for (std::uint32_t i = 0; i < settings_.environments.size(); ++i) {
        names.push_back(settings_.environments[i]);
    }
    object["each"] = settings_.environments.each();
    object["command"] = settings_.command;
    object["started"] = settings_.started;
    return as_line(object);
}

std::string JsonLines::add(Instant now, const Event& event, const Tally& tally) {
    EventContext context{.environment = environment_name(event),
                         .tree = settings_.tree,
                         .at = std::chrono::duration<double>(now - began_at_).count(),
                         .whole = settings_.whole};
    if (const auto* finished = std::get_if<TestFinished>(&event)) {
        if (tally.earlier().ran_again()) context.flaky = tally.earlier().is_flaky();
        if (is_quarantined(finished->result)) {
            context.quarantine = quarantine_of(tally.quarantines(), finished->test);
        }
    }
    const auto* ended = std::get_if<EnvironmentEnded>(&event);
    const std::string text =
        event_json(ended != nullptr ? Event(with_code(*ended, tally)) : event, context);
    return text.empty() ? text : text + "\n";
}

// Empty: nobody knows. A slot tells where it is as it begins.
std::string JsonLines::environment_name(const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) workers_[up->worker] = up->environment;
    std::uint32_t environment = environment_of(event).value_or(0);
    if (const auto* down = std::get_if<WorkerDown>(&event)) {
        const auto found = workers_.find(down->worker);
        if (found == workers_.end() && settings_.environments.several()) return {};
        if (found != workers_.end()) environment = found->second;
    }
    return settings_.environments[environment];
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
        environments.push_back({{"name", settings_.environments[i]},
                                {"counts", tally.environments()[i].counts()},
                                {"end", end_word(ended ? ended->end : tally.end().end)},
                                {"reason", ended ? ended->reason : ""},
                                {"fingerprint", matrix.fingerprint(i)}});
    }
    Json groups = Json::array();
    for (const MatrixGroup& group : matrix.groups())
        groups.push_back(object_for(group, matrix, settings_.environments));
    return as_line({{"event", "matrix"},
                    {"environments", std::move(environments)},
                    {"groups", std::move(groups)}});
}

}  // namespace xgrid::client
