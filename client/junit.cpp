#include "client/junit.hpp"

#include <chrono>
#include <numeric>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "client/markup.hpp"
#include "client/quarantined.hpp"
#include "client/utf8.hpp"

namespace xgrid::client {
namespace {

bool allowed(char32_t point) {
    return point == 0x9 || point == 0xA || point == 0xD || (point >= 0x20 && point <= 0x7E) ||
           (point >= 0x80 && point <= 0xD7FF) || (point >= 0xE000 && point <= 0xFFFD) ||
           (point >= 0x10000 && point <= 0x10FFFF);
}

std::string escaped(const std::string& text, bool attribute) {
    std::string result;
    for_each_code_point(text, [&](char32_t point, std::string_view bytes) {
        if (!allowed(point)) {
            result +=
                fmt::format("#x{:0{}X}", static_cast<std::uint32_t>(point), point <= 0xFF ? 2 : 4);
        } else if (point == '&') {
            result += "&amp;";
        } else if (point == '<') {
            result += "&lt;";
        } else if (point == '>') {
            result += "&gt;";
        } else if (attribute && point == '"') {
            result += "&quot;";
        } else if (attribute && point == '\n') {
            result += "&#10;";
        } else if (attribute && point == '\r') {
            result += "&#13;";
        } else if (attribute && point == '\t') {
            result += "&#09;";
        } else {
            result += bytes;
        }
    });
    return result;
}

std::string stripped(const std::string& text) {
    const char* blank = " \t\r\n";
    const std::size_t from = text.find_first_not_of(blank);
    if (from == std::string::npos) return {};
    return text.substr(from, text.find_last_not_of(blank) - from + 1);
}

std::string element(const char* name, const std::string& attributes, const std::string& text) {
    if (text.empty()) return fmt::format("<{}{} />", name, attributes);
    return fmt::format("<{}{}>{}</{}>", name, attributes, xml_text(text), name);
}

std::string message(const std::string& text) {
    return fmt::format(" message=\"{}\"", xml_attribute(text));
}

// What was raised, if the message begins with that.
std::string type_of(const Phase& phase) {
    const std::string type = phase.message.substr(0, phase.message.find(':'));
    const bool is_name = !type.empty() && type.find_first_of(" \t\n") == std::string::npos;
    return is_name ? type : phase.category;
}

std::string property_text(const std::string& name, const std::string& value) {
    return fmt::format("<property name=\"{}\" value=\"{}\" />", xml_attribute(name),
                       xml_attribute(value));
}

}  // namespace

std::string xml_text(const std::string& text) { return escaped(text, false); }
std::string xml_attribute(const std::string& text) { return escaped(text, true); }

std::pair<std::string, std::string> junit_names(const std::string& test,
                                                const std::string& prefix) {
    const std::size_t bracket = std::min(test.find('['), test.size());
    std::vector<std::string> names;
    std::size_t from = 0;
    while (true) {
        const std::size_t to = test.find("::", from);
        const std::size_t end = std::min(to, bracket);
        names.push_back(test.substr(from, end - from));
        if (to == std::string::npos || to >= bracket) break;
        from = to + 2;
    }
    for (char& letter : names.front()) letter = letter == '/' ? '.' : letter;
    if (names.front().ends_with(".py")) names.front().resize(names.front().size() - 3);
    const std::string name = names.back() + test.substr(bracket);
    names.pop_back();
    std::string class_name = prefix;
    for (const std::string& part : names) class_name += (class_name.empty() ? "" : ".") + part;
    return {class_name, name};
}

Junit::Junit(JunitSettings settings)
    : settings_(std::move(settings)),
      suites_(settings_.environments.each() ? settings_.environments.size() : 1) {}

std::string Junit::begin(Instant now) {
    began_at_ = now;
    return {};
}

std::string Junit::setting(const char* name, const char* otherwise) const {
    const auto found = project_.find(name);
    return found == project_.end() ? otherwise : found->second;
}

// A broker may say strange numbers.
Junit::Suite& Junit::suite_of(std::uint32_t environment) {
    return suites_[environment < suites_.size() ? environment : 0];
}

std::string Junit::add(Instant now, const Event& event, const Tally& tally) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        if (project_.empty()) project_ = up->facts.settings;
        Suite& suite = suite_of(up->environment);
        if (suite.host.empty()) suite.host = up->host;
        if (suite.fingerprint.empty()) suite.fingerprint = up->facts.fingerprint;
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        add_case(*finished, tally.earlier());
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        Suite& suite = suite_of(late->environment);
        const auto place = suite.places.find(late->test.id);
        if (place != suite.places.end()) add_phase(suite, late->phase, place->second);
    } else if (const auto* more = std::get_if<PropertiesAdded>(&event)) {
        add_properties(*more);
    } else if (const auto* ended = std::get_if<EnvironmentEnded>(&event)) {
        if (suites_.size() > 1) add_end(now, *ended);
    }
    return {};
}

void Junit::add_properties(const PropertiesAdded& event) {
    Suite& suite = suite_of(event.environment);
    const auto place = suite.places.find(event.test.id);
    if (place == suite.places.end()) return;
    Properties& all = suite.cases[place->second].properties;
    all.insert(all.end(), event.properties.begin(), event.properties.end());
}

// What could not be had is an error in the one place where a reader of reports looks for one.
void Junit::add_end(Instant now, const EnvironmentEnded& event) {
    Suite& suite = suite_of(event.environment);
    if (suite.ended_at) return;
    suite.ended_at = now;
    if (event.end != RunEnd::grid_failed && event.end != RunEnd::refused) return;
    ++suite.errors;
    suite.cases.push_back({.test = "xgrid::environment"});
    suite.cases.back().elements = element("error", message(event.reason), event.reason);
}

void Junit::add_case(const TestFinished& event, const EarlierResults& earlier) {
    Suite& suite = suite_of(event.environment);
    const std::size_t place = suite.cases.size();
    suite.places[event.test.id] = place;
    const TestResult& result = event.result;
    const bool only_call = setting("junit_duration_report", "total") == "call";
    suite.cases.push_back({.test = event.test.id});
    suite.cases[place].seconds =
        only_call ? result.seconds[1]
                  : std::accumulate(result.seconds.begin(), result.seconds.end(), 0.0);
    static const Details nothing;
    const Details& details = result.details ? *result.details : nothing;
    suite.cases[place].file = details.path;
    suite.cases[place].line = details.line;
    bool only_teardown = true;
    for (const Phase& phase : details.phases) {
        only_teardown = only_teardown && phase.when == "teardown";
        add_phase(suite, phase, place);
    }
    if (only_teardown && !suite.cases[place].in_quarantine) ++suite.passed;
    suite.cases[place].passed = only_teardown && !suite.cases[place].in_quarantine;
    add_earlier(earlier, suite.cases[place]);
    auto& properties = suite.cases.back().properties;
    properties.insert(properties.begin(), details.properties.begin(), details.properties.end());
    add_output(suite, details, place);
}

// When pytest writes what a test printed: with a skip, with a failed call if passed tests are not
// to be logged, and with the teardown.
void Junit::add_output(Suite& suite, const Details& details, std::size_t place) {
    const bool log_passing = setting("junit_log_passing_tests", "") == "yes";
    bool teardown_failed = false;
    for (const Phase& phase : details.phases) {
        if (phase.when == "collect") return;
        if (phase.category == "skipped" || phase.category == quarantined)
            suite.cases[place].elements += output(details, false);
        teardown_failed =
            teardown_failed || (phase.when == "teardown" && phase.category == "error");
    }
    if (suite.cases[place].failed && !log_passing)
        suite.cases[place].elements += output(details, false);
    if (teardown_failed || log_passing) suite.cases.back().elements += output(details, true);
}

std::string Junit::output(const Details& details, bool of_teardown) const {
    const std::string logging = setting("junit_logging", "no");
    const auto captured = [&](const char* stream, const char* header) {
        std::string content;
        for (const auto& [title, text] : details.sections) {
            if (!of_teardown && title.ends_with(" teardown")) continue;
            if (title.starts_with(stream)) content += text;
        }
        return fmt::format("{:-^80}\n{}\n", header, content);
    };
    const bool all = logging == "all";
    std::string out;
    if (all || logging == "log") out = captured("Captured log", " Captured Log ");
    if (all || logging == "system-out" || logging == "out-err") {
        out += captured("Captured stdout", " Captured Out ");
    }
    std::string text = out.empty() ? "" : element("system-out", "", out);
    if (all || logging == "system-err" || logging == "out-err") {
        text += element("system-err", "", captured("Captured stderr", " Captured Err "));
    }
    return text;
}

// As Maven Surefire has them, which CI servers know.
void Junit::add_earlier(const EarlierResults& earlier, Case& to) const {
    for (const TestFailing& before : earlier.all()) {
        if (!before.result.details) continue;
        for (const Phase& phase : before.result.details->phases) {
            const bool failed = phase.category == "failed" || phase.category == quarantined;
            if (!failed && phase.category != "error") continue;
            const std::string name = fmt::format("{}{}", earlier.is_flaky() ? "flaky" : "rerun",
                                                 failed ? "Failure" : "Error");
            const std::string text = stripped(without_colours(phase.text));
            const std::string& why = phase.message.empty() ? text : phase.message;
            to.elements +=
                fmt::format("<{0}{1} type=\"{2}\">{3}{4}</{0}>", name, message(why),
                            xml_attribute(type_of(phase)), element("stackTrace", "", text),
                            output(*before.result.details, true));
        }
    }
}

// CI servers show what is skipped, with its message, and do not fail for it. A case is skipped
// once.
void Junit::add_quarantined(Suite& suite, const Phase& phase, Case& to) {
    if (!std::exchange(to.in_quarantine, true)) {
        ++suite.skipped;
        if (to.passed) ++suite.twice;
        to.properties.emplace_back("quarantine", phase.reason);
        const std::string why = fmt::format("quarantined ({}): {}", phase.reason, phase.message);
        to.elements += element("skipped", " type=\"xgrid.quarantine\"" + message(why),
                               stripped(without_colours(phase.text)));
    }
}

void Junit::add_phase(Suite& suite, const Phase& phase, std::size_t place) {
    const bool coloured = setting("color", "no") == "yes";  // for a terminal, which this is not
    const std::string text = stripped(coloured ? without_colours(phase.text) : phase.text);
    const std::string why = phase.message.empty() ? text : phase.message;
    if (phase.category == "error" && phase.when == "teardown" && suite.cases[place].failed) {
        // The schema has room for one of them in a case: as pytest, the test has two.
        ++suite.twice;
        const Case first = suite.cases[place];
        place = suite.cases.size();
        suite.cases.push_back({.test = first.test, .file = first.file, .line = first.line});
    }
    Case& to = suite.cases[place];
    if (phase.category == quarantined) return add_quarantined(suite, phase, to);
    if (phase.category == "failed") {
        ++suite.failures;
        to.failed = true;
        to.elements += element("failure", message(why), text);
    } else if (phase.when == "collect") {
        const bool skipped = phase.category == "skipped";
        ++(skipped ? suite.skipped : suite.errors);
        to.elements += skipped ? element("skipped", message("collection skipped"), text)
                               : element("error", message("collection failure"), text);
    } else if (phase.category == "error") {
        ++suite.errors;
        const std::string when = phase.when == "teardown" ? "teardown" : "setup";
        to.elements +=
            element("error", message(fmt::format("failed on {} with \"{}\"", when, why)), text);
    } else if (phase.category == "skipped") {
        ++suite.skipped;
        const std::string place =
            phase.path.empty() ? "" : fmt::format("{}:{}: ", phase.path, phase.line);
        to.elements += element("skipped", " type=\"pytest.skip\"" + message(phase.reason),
                               place + phase.reason);
    } else if (phase.category == "xfailed") {
        ++suite.skipped;
        const bool marked = phase.reason.starts_with("reason: ");
        to.elements += element(
            "skipped",
            " type=\"pytest.xfail\"" + message(marked ? phase.reason.substr(8) : phase.reason), "");
    } else if (phase.category == "xpassed" || phase.category == "passed") {
        ++suite.passed;
    }
}

std::string Junit::text_of(const Case& of) const {
    const auto [class_name, name] = junit_names(of.test, settings_.prefix);
    std::string inside;
    for (const auto& [property, value] : of.properties) {
        inside += property_text(property, value);
    }
    if (!inside.empty()) inside = "<properties>" + inside + "</properties>";
    inside += of.elements;
    std::string begin = fmt::format("<testcase classname=\"{}\" name=\"{}\"",
                                    xml_attribute(class_name), xml_attribute(name));
    if (setting("junit_family", "xunit2") == "xunit1" && !of.file.empty()) {
        begin += fmt::format(" file=\"{}\"", xml_attribute(of.file));
        if (of.line > 0) begin += fmt::format(" line=\"{}\"", of.line);
    }
    begin += fmt::format(" time=\"{:.3f}\"", of.seconds);
    return inside.empty() ? begin + " />" : begin + ">" + inside + "</testcase>";
}

std::string Junit::text_of(const Suite& suite, std::uint32_t environment, Instant now) const {
    std::string name = setting("junit_suite_name", "pytest");
    std::string properties;
    if (settings_.environments.each()) {
        name += " on " + settings_.environments[environment];
        properties = property_text("environment", settings_.environments[environment]);
        for (const auto& [line, value] : suite.fingerprint)
            properties += property_text(line, value);
        properties = "<properties>" + properties + "</properties>";
    }
    const double seconds =
        std::chrono::duration<double>(suite.ended_at.value_or(now) - began_at_).count();
    const std::uint64_t tests =
        suite.passed + suite.failures + suite.errors + suite.skipped - suite.twice;
    const bool elsewhere = settings_.environments.each() && !suite.host.empty();
    std::string text = fmt::format(
        "<testsuite name=\"{}\" errors=\"{}\" failures=\"{}\" skipped=\"{}\" tests=\"{}\" "
        "time=\"{:.3f}\" timestamp=\"{}\" hostname=\"{}\">",
        xml_attribute(name), suite.errors, suite.failures, suite.skipped, tests, seconds,
        xml_attribute(settings_.started), xml_attribute(elsewhere ? suite.host : settings_.host));
    text += properties;
    for (const Case& one : suite.cases) text += text_of(one);
    return text + "</testsuite>";
}

std::string Junit::end(Instant now, const Tally&, int) {
    std::string text = "<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites>";
    for (std::uint32_t i = 0; i < suites_.size(); ++i) text += text_of(suites_[i], i, now);
    return text + "</testsuites>";
}

}  // namespace xgrid::client
