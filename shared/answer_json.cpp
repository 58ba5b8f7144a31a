#include "shared/answer_json.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "shared/outcome_words.hpp"

namespace xgrid {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

std::string as_line(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json object_for(const RunSummary& run) {
    static constexpr std::array states = {"waits", "runs", "over"};
    Json verdicts = Json::object();
    for (const auto& [outcome, count] : run.verdicts) verdicts[outcome_word(outcome)] = count;
    Json object = {{"run", run.run},
                   {"state", states.at(static_cast<std::size_t>(run.state))},
                   {"user", run.order.user},
                   {"host", run.order.host},
                   {"project", run.order.project},
                   {"title", run.order.title},
                   {"priority", run.order.priority},
                   {"slots", run.slots},
                   {"slots_wanted", run.slots_wanted},
                   {"open", run.open},
                   {"verdicts", verdicts},
                   {"age", run.age},
                   {"followed", run.followed}};
    if (run.state == RunState::over) object["took"] = run.took;
    if (run.end) {
        object["end"] = end_word(run.end->end);
        object["reason"] = run.end->reason;
    }
    return object;
}

Json object_for(const WorkerSummary& worker) {
    return {{"worker", worker.name},   {"host", worker.host},       {"labels", worker.labels},
            {"slots", worker.slots},   {"used", worker.used},       {"silent", worker.silent},
            {"user", worker.user},     {"version", worker.version}, {"trouble", worker.trouble},
            {"drains", worker.drains}, {"runs", worker.runs}};
}

Json object_for(const WantedSlots& wanted) {
    return {{"labels", wanted.labels}, {"slots", wanted.slots}};
}

template <class T>
Json list_of(const std::vector<T>& items) {
    Json list = Json::array();
    for (const T& item : items) list.push_back(object_for(item));
    return list;
}

}  // namespace

std::string json_of(const std::vector<RunSummary>& runs) { return as_line(list_of(runs)); }

std::string json_of(const std::vector<WorkerSummary>& workers) { return as_line(list_of(workers)); }

std::string json_of(const Overview& overview) {
    Json runs = list_of(overview.runs);
    for (Json& run : runs) {
        const auto why = overview.why.find(run["run"].get<std::string>());
        if (why != overview.why.end()) run["why"] = why->second;
    }
    Json object = {{"broker", overview.broker},
                   {"version", overview.version},
                   {"runs", runs},
                   {"workers", list_of(overview.workers)},
                   {"wanted", list_of(overview.wanted)}};
    if (!overview.trouble.empty()) object["trouble"] = overview.trouble;
    return as_line(object);
}

std::string json_of(const RunSummary& run, const std::vector<std::string>& reasons) {
    Json object = object_for(run);
    object["why"] = reasons;
    return as_line(object);
}

}  // namespace xgrid
