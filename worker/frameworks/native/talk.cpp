#include "worker/frameworks/native/talk.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <nlohmann/json.hpp>
#include <variant>

namespace xgrid::worker::native {
namespace {

using nlohmann::json;

// Bytes that are no text are replaced: a report is text.
std::string as_line(const json& value) {
    return value.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
}

TestName test_from(const json& value) {
    if (value.is_string()) return {.id = value.get<std::string>()};
    return {.id = value.at(0), .occurrence = value.at(1)};
}

json test_to_json(const TestName& test) {
    if (test.occurrence == 0) return test.id;
    return {test.id, test.occurrence};
}

json tests_to_json(const std::vector<TestName>& tests) {
    json list = json::array();
    for (const TestName& test : tests) list.push_back(test_to_json(test));
    return list;
}

const char* word(Outcome outcome) {
    static constexpr std::array words = {"passed",  "failed",  "error",
                                         "skipped", "xfailed", "xpassed"};
    return words.at(static_cast<std::size_t>(outcome));
}

json phase_to_json(const Phase& phase) {
    return {{"when", phase.when},     {"category", phase.category}, {"letter", phase.letter},
            {"word", phase.word},     {"longrepr", phase.text},     {"crash", phase.message},
            {"reason", phase.reason}, {"path", phase.path},         {"line", phase.line}};
}

json properties_to_json(const Properties& properties) {
    json value = json::array();
    for (const auto& [name, text] : properties) value.push_back({name, text});
    return value;
}

json details_to_json(const Details& details) {
    json value = {{"phases", json::array()},
                  {"sections", json::array()},
                  {"properties", properties_to_json(details.properties)},
                  {"location", {details.path, details.line, details.domain}}};
    for (const Phase& phase : details.phases) value["phases"].push_back(phase_to_json(phase));
    for (const auto& [title, text] : details.sections) value["sections"].push_back({title, text});
    return value;
}

json as_json(JobNumber job, const UnitsNamed& fact) {
    json line = {"units", job, fact.units};
    if (fact.needs.empty()) return line;
    json all = json::array();
    for (const UnitNeeds& needs : fact.needs) {
        if (needs == UnitNeeds{}) {
            all.push_back(nullptr);
            continue;
        }
        all.push_back(
            {{"processors", needs.processors}, {"locks", needs.locks}, {"serial", needs.serial}});
    }
    line.push_back(all);
    return line;
}
json as_json(JobNumber job, const TestsFound& fact) {
    json line = {"found", job, tests_to_json(fact.tests), fact.deselected};
    if (fact.listed.empty() && fact.groups.empty()) return line;
    json listed = json::array();
    for (const ListedNode& node : fact.listed) listed.push_back({node.depth, node.id, node.text});
    line.push_back(listed);
    if (!fact.groups.empty()) line.push_back(fact.groups);
    return line;
}
json as_json(JobNumber job, const Started& fact) { return {"start", job, fact.test}; }
json as_json(JobNumber job, const Finished& fact) {
    const TestResult& result = fact.result;
    json line = {"done",         job,
                 fact.test,      word(result.outcome),
                 result.seconds, result.details ? details_to_json(*result.details) : json()};
    if (result.crashed) line.push_back(true);
    return line;
}
json as_json(JobNumber job, const GaveBack& fact) { return {"gave", job, fact.number, fact.tests}; }
json as_json(JobNumber job, const Noted& fact) { return {"note", job, fact.text, fact.of_run}; }
json as_json(JobNumber job, const LateTeardown& fact) {
    return {"late", job, fact.test.id, fact.test.occurrence, phase_to_json(fact.phase)};
}
json as_json(JobNumber job, const LateProperties& fact) {
    return {"properties", job, fact.test, properties_to_json(fact.properties)};
}
json as_json(JobNumber job, const ExitAsked& fact) { return {"exit", job, fact.reason, fact.code}; }
json as_json(JobNumber job, const Ended& fact) {
    return {"end",
            job,
            {{"returned", fact.end == End::returned},
             {"stopped", fact.end == End::stopped},
             {"error", fact.text},
             {"missing", tests_to_json(fact.missing)}}};
}
template <class Other>
json as_json(JobNumber, const Other&) {
    return nullptr;  // no program gives it
}

template <class T, class Read>
Result<T> read(std::string_view line, Read read) {
    try {
        return read(json::parse(line));
    } catch (const std::exception& error) {
        return Error{std::string("cannot understand the worker: ") + error.what()};
    }
}

// As client/chosen.hpp has it: behind a mark at the end are ids.
void split_chosen(SlotStart& start) {
    const auto mark = std::ranges::find(start.arguments, "--xgrid-chosen");
    if (mark == start.arguments.end()) return;
    start.chosen.emplace(mark + 1, start.arguments.end());
    start.arguments.erase(mark, start.arguments.end());
}

SlotStart start_from(const json& value) {
    SlotStart start{.key = value.at("key"),
                    .name = value.at("slot"),
                    .framework = value.at("framework"),
                    .directory = value.at("cwd"),
                    .variables = value.at("env"),
                    .arguments = value.at("args"),
                    .slots = value.at("workers"),
                    .testrun_uid = value.at("testrunuid"),
                    .timeout_seconds = value.value("timeout", 0.0),
                    .boxed = value.value("boxed", false),
                    .show_output = value.value("show_output", false),
                    .collect_only = value.value("collect_only", false)};
    split_chosen(start);
    return start;
}

JobBody body_from(const json& value) {
    const std::string kind = value.at("kind");
    if (kind == "enumerate") return {.kind = JobKind::enumerate};
    if (kind == "finish") return {.kind = JobKind::finish};
    JobBody body{.kind = JobKind::unit, .unit = value.at("unit")};
    const std::string mode = value.at("mode");
    if (mode != "all") body.selection.mode = mode == "only" ? Select::only : Select::except;
    for (const json& test : value.at("tests")) body.selection.tests.push_back(test_from(test));
    return body;
}

}  // namespace

Result<ServerOrder> read_server_order(std::string_view line) {
    return read<ServerOrder>(line, [](const json& value) {
        ServerOrder order;
        if (value.contains("start")) {
            order.start = start_from(value.at("start"));
        } else {
            order.withdraw = value.at("withdraw");
        }
        return order;
    });
}

Result<SlotOrder> read_slot_order(std::string_view line) {
    return read<SlotOrder>(line, [](const json& value) {
        if (value.contains("withdraw")) {
            return SlotOrder{.job = value.at("withdraw"), .withdrawn = true};
        }
        return SlotOrder{.job = value.at("job"), .body = body_from(value)};
    });
}

std::string ready_line() { return as_line({{"ready", json::object()}}); }
std::string started_line(std::uint64_t key, int pid) {
    return as_line({{"started", key}, {"pid", pid}});
}
std::string refused_start_line(std::uint64_t key, const std::string& text) {
    return as_line({{"refused", key}, {"text", text}});
}
std::string exited_line(std::uint64_t key, int status) {
    return as_line({{"exited", key}, {"status", status}});
}

std::string up_line(const SlotFacts& facts) {
    return as_line({"up",
                    {{"framework", facts.framework},
                     {"python", facts.version},
                     {"platform", facts.platform},
                     {"executable", facts.executable},
                     {"rootdir", facts.root},
                     {"inifile", facts.config},
                     {"plugins", facts.plugins},
                     {"header", facts.header},
                     {"settings", facts.settings},
                     {"fingerprint", facts.fingerprint}}});
}
std::string refused_line(std::int32_t code, const std::string& text) {
    return as_line({"refused", code, text});
}
std::string alive_line() { return as_line(json::array({"alive"})); }
std::string limit_line(double seconds) { return as_line({"limit", seconds}); }
std::string fact_line(JobNumber job, const Fact& fact) {
    return as_line(std::visit([&](const auto& one) { return as_json(job, one); }, fact));
}

}  // namespace xgrid::worker::native
