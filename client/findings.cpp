#include "client/findings.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr std::size_t warning_places_listed = 10;  // beyond that they are counted by file

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

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string indented(const std::string& text) {
    std::string result = "  ";
    for (const char letter : text) {
        result += letter;
        if (letter == '\n') result += "  ";
    }
    while (result.ends_with(' ') || result.ends_with('\n')) result.pop_back();
    return result + "\n";
}

}  // namespace

std::string Findings::letters() const {
    // As pytest: a and A stand for many, N for none so far.
    std::string letters;
    for (const char letter : display_.report_chars) {
        if (letter == 'a') letters += "sxXEf";
        if (letter == 'A') letters += "PpsxXEf";
        if (letter == 'N') letters.clear();
        if (letter == 'F') letters += 'f';
        if (letter == 'S') letters += 's';
        if (std::string("sxXEfpP").find(letter) != std::string::npos) letters += letter;
    }
    return letters;
}

void Findings::add(const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        workers_[up->worker] =
            fmt::format("[{}] {} -- Python {} {}", up->worker, up->facts.platform,
                        up->facts.version, up->facts.executable);
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        if (display_.durations) add_durations(*finished);
        if (finished->result.details) {
            for (const Phase& phase : finished->result.details->phases) {
                add_phase(*finished, phase, *finished->result.details);
            }
        }
        if (finished->result.outcome == Outcome::passed && (wants('p') || wants('P'))) {
            passed_.push_back(finished->test.id);
            if (finished->result.details) {
                findings_["passed"].push_back({finished->test.id,
                                               finished->worker,
                                               {},
                                               domain_of(finished->test.id),
                                               finished->result.details->sections});
            }
        }
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        Phase phase = late->phase;
        phase.category = "error";
        findings_["error"].push_back(
            {late->test.id, late->worker, phase, headline_of(phase, domain_of(late->test.id)), {}});
    } else if (const auto* seen = std::get_if<WarningSeen>(&event)) {
        const auto [known, is_new] = warning_places_.emplace(seen->warning.text, warnings_.size());
        if (is_new) warnings_.emplace_back(seen->warning.text, std::vector<std::string>());
        std::string where = seen->warning.test;
        if (where.empty()) where = fmt::format("{}:{}", seen->warning.path, seen->warning.line);
        warnings_[known->second].second.push_back(std::move(where));
    }
}

void Findings::add_phase(const TestFinished& event, const Phase& phase, const Details& details) {
    if (phase.category.empty()) return;
    const std::string domain = details.domain.empty() ? domain_of(event.test.id) : details.domain;
    Finding finding{event.test.id, event.worker, phase, headline_of(phase, domain), {}};
    if (phase.category == "failed" || phase.category == "error")
        finding.sections = details.sections;
    findings_[phase.category].push_back(std::move(finding));
}

void Findings::add_durations(const TestFinished& event) {
    static constexpr std::array phases = {"setup", "call", "teardown"};
    for (std::size_t i = 0; i < phases.size(); ++i) {
        const double seconds = event.result.seconds[i];
        if (seconds > 0) slow_.push_back({seconds, phases[i], event.test.id});
    }
}

std::string Findings::render(const Markup& markup) const {
    std::string text;
    if (display_.traceback != "no") {
        text += full("ERRORS", "error", markup);
        text += full("FAILURES", "failed", markup);
    }
    text += warnings(markup);
    if (display_.durations) text += slowest(markup);
    text += passes(markup);
    if (display_.summary) text += summary(markup);
    return text;
}

std::string Findings::full(const char* title, const std::string& category,
                           const Markup& markup) const {
    const auto found = findings_.find(category);
    if (found == findings_.end()) return {};
    std::string text = markup.line('=', title) + "\n";
    for (const Finding& finding : found->second) {
        if (display_.traceback == "line" && category == "failed") {
            text += with_line_end(finding.phase.text);
        } else {
            text += in_full(finding, markup);
        }
    }
    return text;
}

std::string Findings::in_full(const Finding& finding, const Markup& markup) const {
    std::string text = markup.line('_', printable(finding.headline), Hue::red, true) + "\n";
    const auto worker = workers_.find(finding.worker);
    if (worker != workers_.end()) text += worker->second + "\n";
    text += with_line_end(finding.phase.text);
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
        text += markup.line('_', printable(finding.headline), Hue::green, true) + "\n";
        for (const auto& [title, content] : finding.sections) {
            text += markup.line('-', title) + "\n" + with_line_end(content);
        }
    }
    return text;
}

std::string Findings::warnings(const Markup& markup) const {
    if (warnings_.empty()) return {};
    std::string text = markup.line('=', "warnings summary", Hue::yellow) + "\n";
    for (const auto& [warning, places] : warnings_) {
        if (places.size() < warning_places_listed) {
            for (const std::string& place : places) text += printable(place) + "\n";
        } else {
            std::map<std::string, std::size_t> by_file;
            for (const std::string& place : places) ++by_file[place.substr(0, place.find("::"))];
            for (const auto& [file, count] : by_file) {
                text += fmt::format("{}: {} warning{}\n", file, count, count == 1 ? "" : "s");
            }
        }
        text += indented(warning) + "\n";
    }
    return text + "-- Docs: https://docs.pytest.org/en/stable/how-to/capture-warnings.html\n";
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
    std::string done;
    for (const char letter : letters()) {
        if (done.find(letter) != std::string::npos) continue;
        done += letter;
        if (letter == 'f') lines += summary_of("failed", "FAILED", Hue::red, markup);
        if (letter == 'E') lines += summary_of("error", "ERROR", Hue::red, markup);
        if (letter == 'x') lines += summary_of("xfailed", "XFAIL", Hue::yellow, markup);
        if (letter == 'X') lines += summary_of("xpassed", "XPASS", Hue::yellow, markup);
        if (letter == 's') lines += skips(markup);
        if (letter != 'p') continue;
        for (const std::string& id : passed_) {
            lines += markup.paint("PASSED", Hue::green) + " " + printable(id) + "\n";
        }
    }
    if (lines.empty()) return {};
    return markup.line('=', "short test summary info", Hue::cyan, true) + "\n" + lines;
}

std::string Findings::summary_of(const std::string& category, const char* word, Hue hue,
                                 const Markup& markup) const {
    const auto found = findings_.find(category);
    if (found == findings_.end()) return {};
    std::string text;
    for (const Finding& finding : found->second) {
        const std::string id = printable(finding.test);
        const Phase& phase = finding.phase;
        std::string message =
            printable(first_line(phase.message.empty() ? phase.reason : phase.message));
        const std::size_t taken = width(word) + 1 + width(id) + 3;
        if (display_.cut_summary) {
            message =
                taken + 3 > markup.columns() ? "" : shortened(message, markup.columns() - taken);
        }
        text += markup.paint(word, hue) + " " + markup.paint(id, Hue::none, true);
        if (!message.empty()) text += " - " + message;
        text += "\n";
    }
    return text;
}

std::string Findings::skips(const Markup& markup) const {
    const auto found = findings_.find("skipped");
    if (found == findings_.end()) return {};
    std::map<std::pair<std::string, std::string>, std::size_t> folded;
    for (const Finding& finding : found->second) {
        const Phase& phase = finding.phase;
        std::string where = phase.path;
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
