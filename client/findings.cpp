#include "client/findings.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "client/quarantined.hpp"

namespace xgrid::client {
namespace {

// The name within its file: Class.test[param].
std::string domain_of(const std::string& id) {
    const std::size_t file_end = id.find("::");
    if (file_end == std::string::npos) return id;
    std::string name = id.substr(file_end + 2);
    for (std::size_t at = 0; (at = name.find("::", at)) != std::string::npos;)
        name.replace(at, 2, ".");
    return name;
}

std::string headline_of(const Phase& phase, const std::string& domain) {
    if (phase.category != "error") return domain;
    if (phase.when == "collect") return "ERROR collecting " + domain;
    return fmt::format("ERROR at {} of {}", phase.when, domain);
}

std::string with_line_end(std::string text) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    return text;
}

// The part within the file stands out.
std::string emphasized(const std::string& id, const Markup& markup) {
    const std::size_t end = id.find("::");
    if (end == std::string::npos) return id;
    return id.substr(0, end + 2) + markup.paint(id.substr(end + 2), Hue::none, true);
}

std::string printable_lines(const std::string& text) {
    std::string result;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        if (from > 0) result += '\n';
        result += printable(text.substr(from, end - from));
        from = end + 1;
    }
    return result;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

constexpr const char* flaky = "flaky";

bool is_error(const Phase& phase) { return phase.category == "error"; }

bool is_failed(const Phase& phase) {
    return phase.category == "failed" || is_error(phase) || phase.category == quarantined;
}

std::string message_of(const TestResult& result) {
    if (!result.details) return {};
    const auto failed = std::ranges::find_if(result.details->phases, is_failed);
    return failed == result.details->phases.end() ? "skipped"
                                                  : printable(first_line(failed->message));
}

using Sections = std::vector<std::pair<std::string, std::string>>;

// What pytest shows with a phase. Captured sections are named after the phase that they are of;
// what plugins add is of the whole test. A teardown that went wrong shows its own.
Sections sections_of(const Phase& phase, const Details& details) {
    const bool no_teardown =
        phase.when == "setup" ||
        (phase.when == "call" && !details.phases.empty() && is_error(details.phases.back()) &&
         details.phases.back().when == "teardown");
    Sections sections;
    std::ranges::copy_if(details.sections, std::back_inserter(sections), [&](const auto& section) {
        const std::string& title = section.first;
        return !(no_teardown && title.ends_with(" teardown")) &&
               !(phase.when == "setup" && title.ends_with(" call"));
    });
    return sections;
}

}  // namespace

void Findings::adopt(const Display& display, const Places& places) {
    display_ = display;
    places_ = places;
}

void Findings::add(const Event& event, const EarlierResults& earlier) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        const SlotFacts& facts = up->facts;
        std::string& line = workers_[up->worker];
        line = fmt::format("[{}] {}", up->worker, facts.platform);
        if (!facts.version.empty()) {
            line += fmt::format(" -- Python {} {}", facts.version, facts.executable);
        }
        const std::string& framework = up->facts.framework;
        dashes_xpass_ = framework >= "pytest-8" || framework.starts_with("pytest-1");
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        add_test(*finished, earlier);
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        Phase phase = late->phase;
        if (phase.category != quarantined) phase.category = "error";
        keep({late->test.id, late->worker, phase, headline_of(phase, domain_of(late->test.id))},
             late->environment);
    } else if (const auto* seen = std::get_if<WarningSeen>(&event)) {
        warnings_.add(seen->warning, places_);
    }
}

void Findings::add_test(const TestFinished& event, const EarlierResults& earlier) {
    if (display_.durations) add_durations(event);
    const std::string& id = event.test.id;
    bool passed = true;
    if (event.result.details) {
        for (const Phase& phase : event.result.details->phases) {
            passed = (passed && phase.when == "teardown") || phase.category == "passed";
            add_phase(event, phase, earlier);
        }
    }
    if (earlier.is_flaky()) add_flaky(event, earlier);
    if (!passed || !(wants('p') || wants('P'))) return;
    const Phase call{.when = "call"};
    Finding finding{id, event.worker, call, domain_of(id)};
    finding.phase.category = "passed";
    if (event.result.details) finding.sections = sections_of(call, *event.result.details);
    keep(std::move(finding), event.environment);
}

void Findings::add_phase(const TestFinished& event, const Phase& phase,
                         const EarlierResults& earlier) {
    if (phase.category.empty() || phase.category == "passed") return;
    const Details& details = *event.result.details;
    const std::string domain = details.domain.empty() ? domain_of(event.test.id) : details.domain;
    Finding finding{event.test.id, event.worker, phase, headline_of(phase, domain)};
    if (is_failed(phase)) {
        finding.sections = sections_of(phase, details);
        for (const TestFailing& before : earlier.all()) {
            finding.before.push_back(fmt::format("attempt {} on {}: {}", before.attempt,
                                                 before.worker, message_of(before.result)));
        }
    }
    keep(std::move(finding), event.environment);
}

// What failed before it passed.
void Findings::add_flaky(const TestFinished& event, const EarlierResults& earlier) {
    for (const TestFailing& before : earlier.all()) {
        if (!before.result.details) continue;
        const Details& details = *before.result.details;
        const std::string domain =
            details.domain.empty() ? domain_of(event.test.id) : details.domain;
        for (const Phase& phase : details.phases) {
            if (!is_failed(phase)) continue;
            Finding finding{event.test.id, before.worker, phase, headline_of(phase, domain)};
            finding.headline += fmt::format(" (attempt {})", before.attempt);
            finding.sections = sections_of(phase, details);
            finding.phase.category = flaky;
            finding.before = {fmt::format("attempt {} on {} passed", event.attempt, event.worker)};
            keep(std::move(finding), event.environment);
        }
    }
}

void Findings::keep(Finding finding, std::uint32_t environment) {
    if (environments_.each()) finding.place = " on " + environments_[environment];
    findings_[finding.phase.category].push_back(std::move(finding));
}

void Findings::add_durations(const TestFinished& event) {
    static constexpr std::array phases = {"setup", "call", "teardown"};
    for (std::size_t i = 0; i < phases.size(); ++i) {
        const double seconds = event.result.seconds[i];
        if (seconds > 0) slow_.push_back({seconds, phases[i], event.test.id});
    }
}

std::string Findings::render(const Markup& markup, const std::string& closing) const {
    if (!display_.summary) return {};
    std::string text;
    if (display_.traceback != "no") {
        text += full("ERRORS", "error", markup);
        text += full("FAILURES", "failed", markup);
        text += full("FLAKY TESTS", flaky, markup);
        text += full("QUARANTINED", quarantined, markup);
    }
    if (wants('w')) text += warnings_.render(markup);
    if (display_.traceback != "no") text += passes(markup);
    if (!display_.junit_xml.empty()) {
        text += markup.line('-', "generated xml file: " + display_.junit_xml) + "\n";
    }
    if (display_.durations) text += slowest(markup);
    if (wants('R') && findings_.contains("rerun")) {  // as pytest-rerunfailures does
        text += markup.line('=', "rerun test summary info") + "\n" +
                summary_of("rerun", "RERUN", Hue::yellow, markup);
    }
    return text + closing + summary(markup);
}

std::string Findings::full(const char* title, const std::string& category,
                           const Markup& markup) const {
    const auto found = findings_.find(category);
    if (found == findings_.end()) return {};
    std::string text = markup.line('=', title) + "\n";
    for (const Finding& finding : found->second) {
        if (display_.traceback == "line" && category != "error") {
            text += with_line_end(finding.phase.text);
        } else {
            text += in_full(finding, markup);
        }
    }
    return text;
}

std::string Findings::in_full(const Finding& finding, const Markup& markup) const {
    std::string text =
        markup.line('_', printable(finding.headline + finding.place), Hue::red, true) + "\n";
    const auto worker = workers_.find(finding.worker);
    if (worker != workers_.end()) text += worker->second + "\n";
    text += with_line_end(finding.phase.text) + captured(finding, markup);
    for (const std::string& line : finding.before) text += line + "\n";
    return text;
}

std::string Findings::captured(const Finding& finding, const Markup& markup) const {
    std::string text;
    if (display_.show_capture == "no") return text;
    for (const auto& [title, content] : finding.sections) {
        const bool wanted = display_.show_capture == "all" ||
                            title.find(display_.show_capture) != std::string::npos;
        if (wanted) text += markup.line('-', title) + "\n" + with_line_end(content);
    }
    return text;
}

std::string Findings::passes(const Markup& markup) const {
    const auto found = findings_.find("passed");
    if (!wants('P') || found == findings_.end()) return {};
    std::string text = markup.line('=', "PASSES") + "\n";
    for (const Finding& finding : found->second) {
        if (finding.sections.empty()) continue;
        text += markup.line('_', printable(finding.headline + finding.place), Hue::green, true) +
                "\n" + captured(finding, markup);
    }
    return text;
}

std::string Findings::slowest(const Markup& markup) const {
    std::vector<Slow> sorted = slow_;
    std::ranges::stable_sort(sorted, std::ranges::greater(), &Slow::seconds);
    const std::uint32_t most = *display_.durations;
    if (most > 0 && sorted.size() > most) sorted.resize(most);
    std::string text = markup.line('=', most == 0 ? "slowest durations"
                                                  : fmt::format("slowest {} durations", most)) +
                       "\n";
    std::size_t shown = 0;
    for (const Slow& slow : sorted) {
        if (display_.verbosity < 2 && slow.seconds < display_.durations_min) break;
        text += fmt::format("{:02.2f}s {:<8} {}\n", slow.seconds, slow.when, printable(slow.test));
        ++shown;
    }
    if (shown < sorted.size()) {
        text += fmt::format("\n({} durations < {:g}s hidden.  Use -vv to show these durations.)\n",
                            sorted.size() - shown, display_.durations_min);
    }
    return text;
}

std::string Findings::summary(const Markup& markup) const {
    std::string lines;
    for (const char letter : display_.report_chars) {
        if (letter == 'f') lines += summary_of("failed", "FAILED", Hue::red, markup);
        if (letter == 'E') lines += summary_of("error", "ERROR", Hue::red, markup);
        if (letter == 'x') lines += summary_of("xfailed", "XFAIL", Hue::yellow, markup);
        if (letter == 'X') lines += summary_of("xpassed", "XPASS", Hue::yellow, markup);
        if (letter == 's') lines += skips(markup);
        if (letter == 'f') lines += summary_of(flaky, "FLAKY", Hue::yellow, markup);
        if (letter == 'f') lines += summary_of(quarantined, "QUARANTINED", Hue::yellow, markup);
        if (letter == 'p') lines += summary_of("passed", "PASSED", Hue::green, markup);
    }
    if (lines.empty()) return {};
    return markup.line('=', "short test summary info", Hue::cyan, true) + "\n" + lines;
}

std::string Findings::summary_of(const std::string& category, const char* word, Hue hue,
                                 const Markup& markup) const {
    const auto found = findings_.find(category);
    if (found == findings_.end()) return {};
    std::string text;
    std::string last;
    for (const Finding& finding : found->second) {
        if (category == flaky && last == finding.test) continue;  // it has failed more than once
        last = finding.test;
        const std::string id = printable(places_.id(finding.test));
        const std::string place = printable(finding.place);
        text += markup.paint(word, hue) + " " + emphasized(id, markup) + place +
                why(category, finding.phase, width(word) + 1 + width(id + place), markup) + "\n";
    }
    return text;
}

// What follows the test's name, before which `taken` columns are.
std::string Findings::why(const std::string& category, const Phase& phase, std::size_t taken,
                          const Markup& markup) const {
    if (category == "xpassed" && !dashes_xpass_) return " " + printable(phase.reason);
    const bool expected = category == "xfailed" || category == "xpassed";
    if (category == "rerun") return {};
    if (category == quarantined) {
        return printable(fmt::format(" - {}: {}", phase.reason, first_line(phase.message)));
    }
    const std::string& text = expected ? phase.reason : phase.message;
    if (text.empty()) return {};
    if (expected) return " - " + printable(text);
    if (!display_.cut_summary) return " - " + printable_lines(text);
    constexpr std::size_t least = 6;  // " - ..."
    if (taken + least > markup.columns()) return {};
    return " - " + shortened(printable(first_line(text)), markup.columns() - taken - 3);
}

std::string Findings::skips(const Markup& markup) const {
    const auto found = findings_.find("skipped");
    if (found == findings_.end()) return {};
    std::map<std::pair<std::string, std::string>, std::size_t> folded;
    for (const Finding& finding : found->second) {
        const Phase& phase = finding.phase;
        std::string where = places_.path(phase.path);
        if (phase.line > 0) where += ":" + std::to_string(phase.line);
        ++folded[{where, phase.reason}];
    }
    std::string text;
    for (const auto& [what, count] : folded) {
        text += fmt::format("{} [{}] {}: {}\n", markup.paint("SKIPPED", Hue::yellow), count,
                            printable(what.first), printable(what.second));
    }
    return text;
}

}  // namespace xgrid::client
