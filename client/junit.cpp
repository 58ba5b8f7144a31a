#include "client/junit.hpp"

#include <numeric>
#include <string_view>

#include <fmt/format.h>

#include "client/markup.hpp"
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

std::string Junit::begin(Instant now) {
    began_at_ = now;
    return {};
}

std::string Junit::setting(const char* name, const char* otherwise) const {
    const auto found = project_.find(name);
    return found == project_.end() ? otherwise : found->second;
}

std::string Junit::add(Instant, const Event& event, const Tally&) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        if (project_.empty()) project_ = up->facts.settings;
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        add_case(*finished);
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        const auto place = places_.find(late->test.id);
        if (place != places_.end()) add_phase(late->phase, place->second);
    }
    return {};
}

void Junit::add_case(const TestFinished& event) {
    const std::size_t place = cases_.size();
    places_[event.test.id] = place;
    const TestResult& result = event.result;
    const bool only_call = setting("junit_duration_report", "total") == "call";
    cases_.push_back({.test = event.test.id});
    cases_[place].seconds =
        only_call ? result.seconds[1]
                  : std::accumulate(result.seconds.begin(), result.seconds.end(), 0.0);
    static const Details nothing;
    const Details& details = result.details ? *result.details : nothing;
    cases_[place].file = details.path;
    cases_[place].line = details.line;
    bool only_teardown = true;
    for (const Phase& phase : details.phases) {
        only_teardown = only_teardown && phase.when == "teardown";
        add_phase(phase, place);
    }
    if (only_teardown) ++passed_;
    cases_.back().properties = details.properties;
    add_output(details, place);
}

// When pytest writes what a test printed: with a skip, with a failed call if passed tests are not
// to be logged, and with the teardown.
void Junit::add_output(const Details& details, std::size_t place) {
    const bool log_passing = setting("junit_log_passing_tests", "") == "yes";
    bool teardown_failed = false;
    for (const Phase& phase : details.phases) {
        if (phase.when == "collect") return;
        if (phase.category == "skipped") cases_[place].elements += output(details, false);
        teardown_failed =
            teardown_failed || (phase.when == "teardown" && phase.category == "error");
    }
    if (cases_[place].failed && !log_passing) cases_[place].elements += output(details, false);
    if (teardown_failed || log_passing) cases_.back().elements += output(details, true);
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

void Junit::add_phase(const Phase& phase, std::size_t place) {
    const bool coloured = setting("color", "no") == "yes";  // for a terminal, which this is not
    const std::string text = stripped(coloured ? without_colours(phase.text) : phase.text);
    const std::string why = phase.message.empty() ? text : phase.message;
    if (phase.category == "error" && phase.when == "teardown" && cases_[place].failed) {
        // The schema has room for one of them in a case: as pytest, the test has two.
        ++twice_;
        const Case first = cases_[place];
        place = cases_.size();
        cases_.push_back({.test = first.test, .file = first.file, .line = first.line});
    }
    Case& to = cases_[place];
    if (phase.category == "failed") {
        ++failures_;
        to.failed = true;
        to.elements += element("failure", message(why), text);
    } else if (phase.when == "collect") {
        const bool skipped = phase.category == "skipped";
        ++(skipped ? skipped_ : errors_);
        to.elements += skipped ? element("skipped", message("collection skipped"), text)
                               : element("error", message("collection failure"), text);
    } else if (phase.category == "error") {
        ++errors_;
        const std::string when = phase.when == "teardown" ? "teardown" : "setup";
        to.elements +=
            element("error", message(fmt::format("failed on {} with \"{}\"", when, why)), text);
    } else if (phase.category == "skipped") {
        ++skipped_;
        to.elements += element("skipped", " type=\"pytest.skip\"" + message(phase.reason),
                               fmt::format("{}:{}: {}", phase.path, phase.line, phase.reason));
    } else if (phase.category == "xfailed") {
        ++skipped_;
        const bool marked = phase.reason.starts_with("reason: ");
        to.elements += element(
            "skipped",
            " type=\"pytest.xfail\"" + message(marked ? phase.reason.substr(8) : phase.reason), "");
    } else if (phase.category == "xpassed" || phase.category == "passed") {
        ++passed_;
    }
}

std::string Junit::text_of(const Case& of) const {
    const auto [class_name, name] = junit_names(of.test, settings_.prefix);
    std::string inside;
    for (const auto& [property, value] : of.properties) {
        inside += fmt::format("<property name=\"{}\" value=\"{}\" />", xml_attribute(property),
                              xml_attribute(value));
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

std::string Junit::end(Instant now, const Tally&, int) {
    std::string text = "<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites>";
    text += fmt::format(
        "<testsuite name=\"{}\" errors=\"{}\" failures=\"{}\" skipped=\"{}\" tests=\"{}\" "
        "time=\"{:.3f}\" timestamp=\"{}\" hostname=\"{}\">",
        xml_attribute(setting("junit_suite_name", "pytest")), errors_, failures_, skipped_,
        passed_ + failures_ + errors_ + skipped_ - twice_,
        std::chrono::duration<double>(now - began_at_).count(), xml_attribute(settings_.started),
        xml_attribute(settings_.host));
    for (const Case& one : cases_) text += text_of(one);
    return text + "</testsuite></testsuites>";
}

}  // namespace xgrid::client
