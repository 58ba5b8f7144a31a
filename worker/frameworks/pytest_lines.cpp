#include "worker/frameworks/pytest_lines.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "worker/frameworks/pytest_sources.hpp"

namespace xgrid::worker {
namespace {

using nlohmann::json;

constexpr double seconds_most = 1e7;

// The library would take -1 for 4294967295, and 1e300 for whatever the machine makes of it.
template <class T>
T integer_from(const json& value) {
    using Limits = std::numeric_limits<T>;
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        if (number <= static_cast<std::uint64_t>(Limits::max())) return static_cast<T>(number);
    } else if (value.is_number_integer() && std::is_signed_v<T>) {
        const auto number = value.get<std::int64_t>();
        if (number >= static_cast<std::int64_t>(Limits::min())) return static_cast<T>(number);
    }
    throw std::out_of_range("integer");
}

std::uint32_t index_from(const json& value) { return integer_from<std::uint32_t>(value); }

std::vector<std::uint32_t> indices_from(const json& list) {
    std::vector<std::uint32_t> indices;
    for (const json& value : list) indices.push_back(index_from(value));
    return indices;
}

json test_to_json(const TestName& test) {
    if (test.occurrence == 0) return test.id;
    return {test.id, test.occurrence};
}

TestName test_from(const json& value) {
    if (value.is_string()) return {.id = value.get<std::string>()};
    return {.id = value.at(0).get<std::string>(), .occurrence = index_from(value.at(1))};
}

std::vector<TestName> tests_from(const json& list) {
    std::vector<TestName> tests;
    for (const json& value : list) tests.push_back(test_from(value));
    return tests;
}

std::vector<ListedNode> listed_from(const json& list) {
    std::vector<ListedNode> nodes;
    for (const json& node : list) {
        nodes.push_back({index_from(node.at(0)), node.at(1), node.at(2)});
    }
    return nodes;
}

double seconds_from(const json& value) {
    const double seconds = value.get<double>();
    if (!(seconds >= 0 && seconds <= seconds_most)) throw std::out_of_range("seconds");
    return seconds;
}

std::uint32_t number_or_0(const json& value) {
    return value.is_number_unsigned() ? value.get<std::uint32_t>() : 0;
}

Outcome outcome_from(const std::string& word) {
    static const std::map<std::string, Outcome> words = {
        {"passed", Outcome::passed},   {"failed", Outcome::failed},   {"error", Outcome::error},
        {"skipped", Outcome::skipped}, {"xfailed", Outcome::xfailed}, {"xpassed", Outcome::xpassed},
    };
    return words.at(word);
}

Phase phase_from(const json& value) {
    return {.when = value.at("when"),
            .category = value.at("category"),
            .letter = value.at("letter"),
            .word = value.at("word"),
            .text = value.at("longrepr"),
            .message = value.at("crash"),
            .reason = value.at("reason"),
            .path = value.at("path"),
            .line = number_or_0(value.at("line")),
            .report = value.value("report", "")};
}

Properties properties_from(const json& value) {
    Properties properties;
    for (const json& property : value) properties.emplace_back(property.at(0), property.at(1));
    return properties;
}

Details details_from(const json& value) {
    Details details;
    for (const json& phase : value.at("phases")) details.phases.push_back(phase_from(phase));
    for (const json& section : value.at("sections")) {
        details.sections.emplace_back(section.at(0), section.at(1));
    }
    details.properties = properties_from(value.at("properties"));
    const json& location = value.at("location");
    details.path = location.at(0);
    details.line = number_or_0(location.at(1));
    details.domain = location.at(2);
    return details;
}

TestResult result_from(const json& line) {
    TestResult result{.outcome = outcome_from(line.at(3)),
                      .seconds = line.at(4).get<std::array<double, 3>>()};
    if (!line.at(5).is_null()) result.details = details_from(line.at(5));
    result.crashed = line.size() > 6 && line.at(6).get<bool>();
    return result;
}

SlotFacts slot_facts_from(const json& value) {
    return {.framework = value.contains("framework")
                             ? value.at("framework").get<std::string>()
                             : "pytest-" + value.at("pytest").get<std::string>(),
            .platform = value.at("platform"),
            .version = value.at("python"),
            .executable = value.at("executable"),
            .root = value.at("rootdir"),
            .config = value.at("inifile"),
            .plugins = value.at("plugins"),
            .header = value.at("header"),
            .settings = value.at("settings"),
            .fingerprint = value.at("fingerprint")};
}

Warning warning_from(const json& value) {
    return {.category = value.at("category"),
            .message = value.at("message"),
            .path = value.at("filename"),
            .line = number_or_0(value.at("lineno")),
            .when = value.at("when"),
            .test = value.at("nodeid"),
            .text = value.at("text")};
}

Ended ended_from(const json& value) {
    Ended ended{.text = value.at("error"),
                .missing = tests_from(value.at("missing")),
                .output = value.value("output", "")};
    if (value.at("returned").get<bool>()) {
        ended.end = End::returned;
    } else if (value.at("stopped").get<bool>()) {
        ended.end = End::stopped;
    }
    return ended;
}

UnitNeeds needs_from(const json& value) {
    UnitNeeds needs;
    if (value.is_null()) return needs;
    if (value.contains("processors")) needs.processors = index_from(value.at("processors"));
    needs.locks = value.value("locks", needs.locks);
    needs.serial = value.value("serial", false);
    return needs;
}

UnitsNamed units_from(const json& line) {
    UnitsNamed named{line.at(2)};
    if (line.size() == 3) return named;
    for (const json& value : line.at(3)) named.needs.push_back(needs_from(value));
    if (named.needs.size() != named.units.size()) throw std::out_of_range("needs");
    return named;
}

Fact fact_from(const std::string& word, const json& line) {
    if (word == "start") return Started{index_from(line.at(2))};
    if (word == "done") return Finished{index_from(line.at(2)), result_from(line)};
    if (word == "units") return units_from(line);
    if (word == "found") {
        TestsFound found{tests_from(line.at(2)), index_from(line.at(3))};
        if (line.size() > 4) found.listed = listed_from(line.at(4));
        if (line.size() > 5) found.groups = line.at(5).get<std::vector<std::string>>();
        return found;
    }
    if (word == "gave") return GaveBack{index_from(line.at(2)), indices_from(line.at(3))};
    if (word == "late")
        return LateTeardown{{line.at(2), index_from(line.at(3))}, phase_from(line.at(4))};
    if (word == "properties") {
        return LateProperties{index_from(line.at(2)), properties_from(line.at(3))};
    }
    if (word == "warning") return Warned{warning_from(line.at(2))};
    if (word == "note") return Noted{line.at(2), line.at(3)};
    if (word == "exit") return ExitAsked{line.at(2), integer_from<std::int32_t>(line.at(3))};
    if (word == "end") return ended_from(line.at(2));
    throw std::out_of_range(word);
}

template <class T, class Read>
Result<T> read(std::string_view line, Read read) {
    try {
        return read(json::parse(line));
    } catch (const std::exception&) {
        // Bad JSON, or not what the grammar says: a test has written to our socket, say.
        return Error{"the runner said something strange: " + std::string(line.substr(0, 200))};
    }
}

std::string as_line(const json& value) {
    return value.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
}

// Those of replacements are numbered on, and so beyond the list, or have no number.
json input_for(const SlotRequest& request) {
    const RunSpec& spec = *request.spec;
    const std::size_t others = spec.inputs.size() - 1;
    std::size_t number = others;
    std::size_t first = 0;
    for (const Environment& environment : spec.environments) {
        if (!environment.slot_name.empty() && environment.slot_name == request.name) number = first;
        first += environment.slots;
    }
    for (std::size_t i = 0; i < others; ++i) {
        if (request.name == "gw" + std::to_string(i)) number = i;
    }
    return json::parse(spec.inputs[std::min(number, others)], nullptr, false);
}

}  // namespace

std::string job_line(JobNumber job, const JobBody& body) {
    static constexpr std::array kinds = {"enumerate", "unit", "finish"};
    static constexpr std::array modes = {"all", "only", "except"};
    json line = {{"job", job}, {"kind", kinds.at(static_cast<std::size_t>(body.kind))}};
    if (body.kind == JobKind::unit) {
        line["unit"] = body.unit;
        line["mode"] = modes.at(static_cast<std::size_t>(body.selection.mode));
        json& tests = line["tests"] = json::array();
        for (const TestName& test : body.selection.tests) tests.push_back(test_to_json(test));
    }
    return as_line(line);
}

std::string withdraw_job_line(JobNumber job) { return as_line({{"withdraw", job}}); }

Result<SlotLine> read_slot_line(std::string_view text) {
    return read<SlotLine>(text, [](const json& line) -> SlotLine {
        const std::string word = line.at(0);
        if (word == "up") return LineUp{slot_facts_from(line.at(1))};
        if (word == "refused")
            return LineRefused{integer_from<std::int32_t>(line.at(1)), line.at(2)};
        if (word == "alive") return LineAlive{};
        if (word == "limit") return LineLimit{seconds_from(line.at(1))};
        return LineFact{integer_from<JobNumber>(line.at(1)), fact_from(word, line)};
    });
}

std::string_view runner_bootstrap() {
    for (const auto& [name, source] : pytest_sources) {
        if (name == "bootstrap") return source;
    }
    return "";
}

std::string runner_modules() {
    json modules = json::object();
    for (const auto& [name, source] : pytest_sources) {
        modules[std::string(name)] = source;
    }
    const std::string text = modules.dump();
    std::string framed;
    for (int shift = 24; shift >= 0; shift -= 8) {
        framed.push_back(static_cast<char>(text.size() >> shift));
    }
    return framed + text;
}

std::string start_line(const SlotRequest& request) {
    const RunSpec& spec = *request.spec;
    json start = {{"key", request.key},
                  {"run", request.run},
                  {"slot", request.name},
                  {"cwd", spec.directory},
                  {"env", spec.environment},
                  {"args", spec.arguments},
                  {"workers", spec.distributed ? spec.slots : 0},
                  {"testrunuid", spec.testrun_uid},
                  {"mainargv", spec.command}};
    if (spec.framework != "pytest") start["framework"] = spec.framework;
    if (spec.whole_reports) start["whole_reports"] = true;
    if (spec.collect_only) start["collect_only"] = true;
    if (spec.show_output) start["show_output"] = true;
    if (!spec.inputs.empty()) start["input"] = input_for(request);
    if (spec.collect_full) start["collect"] = "full";
    if (spec.timeout_seconds > 0) start["timeout"] = spec.timeout_seconds;
    if (spec.boxed) start["boxed"] = true;
    if (spec.coloured) start["coloured"] = true;
    if (spec.grouping == Grouping::scope) start["grouping"] = "scope";
    if (spec.grouping == Grouping::group) start["grouping"] = "group";
    if (!spec.group_pattern.empty()) start["group_pattern"] = spec.group_pattern;
    if (!spec.tree) start["in_place"] = true;
    if (spec.start == Start::fork) start["how"] = "fork";
    if (spec.start == Start::spawn) start["how"] = "spawn";
    return as_line({{"start", start}});
}

std::string withdraw_line(std::uint64_t key) { return as_line({{"withdraw", key}}); }

Result<WarmLine> read_warm_line(std::string_view text) {
    return read<WarmLine>(text, [](const json& line) -> WarmLine {
        if (line.contains("ready")) return WarmReady{};
        if (line.contains("failed")) return WarmFailed{line.at("failed")};
        if (line.contains("started")) {
            return WarmStarted{integer_from<std::uint64_t>(line.at("started")),
                               integer_from<int>(line.at("pid"))};
        }
        if (line.contains("refused")) {
            return WarmRefused{integer_from<std::uint64_t>(line.at("refused")), line.at("text")};
        }
        return WarmExited{integer_from<std::uint64_t>(line.at("exited")),
                          integer_from<int>(line.at("status"))};
    });
}

}  // namespace xgrid::worker
