#include "client/terminal.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "client/matrix_text.hpp"
#include "client/summary_line.hpp"

namespace xgrid::client {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// Tests that are programs have no interpreter.
std::string program_of(const SlotFacts& facts) {
    if (facts.version.empty()) return facts.framework;
    return fmt::format("Python {}, {}", facts.version, facts.framework);
}

}  // namespace

Terminal::Terminal(TerminalSettings settings)
    : settings_(std::move(settings)),
      markup_(settings_.colour, settings_.columns),
      findings_(settings_.display, settings_.environments),
      results_(markup_, settings_.distributed),
      live_(markup_, settings_.environments, settings_.rows) {
    results_.adopt(settings_.display, {});
}

std::string Terminal::begin(Instant now) {
    began_at_ = now;
    live_.begin(now);
    return {};
}

// Not before a slot has said what addopts and the ini want.
std::string Terminal::title() {
    if (std::exchange(title_shown_, true) || quiet()) return {};
    const std::string line = markup_.line('=', "test session starts", Hue::none, true) + "\n";
    return settings_.display.header ? line + settings_.headline + "\n" : line;
}

std::string Terminal::add(Instant now, const Event& event, const Tally& tally) {
    findings_.add(event, tally.earlier());
    slow_tests_.add(now, event);
    first_failure_.add(now, event);
    const std::size_t before = results_.column();
    std::string text = std::visit([&](const auto& one) { return show(one, tally); }, event);
    return text.empty() ? text : live_.hide(before) + text;
}

// ---- Events

std::string Terminal::show(const WorkerUp& event, const Tally&) {
    if (std::exchange(adopted_, true)) return environment_line(event) + replaced();
    adopt(settings_.display, event.facts.settings);
    const Colour colour = settings_.display.colour;
    if (colour != Colour::automatic) markup_ = Markup(colour == Colour::always, settings_.columns);
    const Places places(settings_.directory, event.facts.root);
    findings_.adopt(settings_.display, places);
    results_.adopt(settings_.display, places);
    std::string text = title();
    if (headed()) text += header(event.facts);
    text += environment_line(event);
    // Of several, more lines like that are to come.
    const bool all = !settings_.environments.several();
    if (all && !quiet() && !settings_.display.collect_only) text += "\n";
    return text + replaced();
}

// Once for each, as its first slot begins: which may be long after others'.
std::string Terminal::environment_line(const WorkerUp& event) {
    if (!headed() || !settings_.environments.several()) return {};
    if (!told_.insert(event.environment).second) return {};
    const SlotFacts& facts = event.facts;
    std::string line = fmt::format("[{}] {} -- {}", settings_.environments[event.environment],
                                   facts.platform, program_of(facts));
    if (verbose() && !facts.executable.empty()) line += ", " + facts.executable;
    if (!facts.plugins.empty()) line += ", plugins: " + joined(facts.plugins);
    return results_.new_line() + printable(line) + "\n";
}

std::string Terminal::header(const SlotFacts& facts) const {
    const bool several = settings_.environments.several();  // then each has a line for these
    std::string text;
    if (!several) {
        text = "platform " + facts.platform + " -- " + program_of(facts);
        if (verbose() && !facts.executable.empty()) text += " -- " + facts.executable;
        text += "\n";
    }
    for (const std::string& line : facts.header) text += line + "\n";
    text += "rootdir: " + facts.root;
    if (!facts.config.empty()) {
        const bool inside = facts.config.starts_with(facts.root + "/");
        text +=
            ", configfile: " + (inside ? facts.config.substr(facts.root.size() + 1) : facts.config);
    }
    const auto testpaths = facts.settings.find("testpaths");
    if (testpaths != facts.settings.end()) text += ", testpaths: " + testpaths->second;
    text += "\n";
    if (!several && !facts.plugins.empty()) text += "plugins: " + joined(facts.plugins) + "\n";
    return text;
}

std::string Terminal::show(const WorkerDown& event, const Tally&) {
    if (event.reason.empty()) return {};
    if (event.reason.starts_with("crashed") && ++crashes_ <= settings_.crashes_max) {
        crashed_.push_back(event.worker);
    }
    return title() + results_.new_line() +
           fmt::format("[{}] node down: {}\n", event.worker, printable(event.reason));
}

// Told once it is true: where nothing is left to do nobody takes the place.
std::string Terminal::replaced() {
    std::string text;
    for (const std::string& worker : std::exchange(crashed_, {})) {
        text += fmt::format("replacing crashed worker {}\n", worker);
    }
    return text.empty() ? text : results_.new_line() + text;
}

std::string Terminal::show(const UnitsKnown& event, const Tally&) {
    if (!settings_.display.collect_only) return {};
    listing_.add(event);
    return only_counted() ? "" : listed(listing_.next());
}

std::string Terminal::show(const EnvironmentEnded& event, const Tally&) {
    if (event.end == RunEnd::completed || event.reason.empty()) return {};
    // One environment ends as the run does, whose reason is told at the end.
    if (!settings_.environments.several()) return {};
    const bool lost = event.end == RunEnd::grid_failed || event.end == RunEnd::refused;
    const std::size_t end = std::min(event.reason.find('\n'), event.reason.size());
    const std::string line = fmt::format("{}[{}] {}", lost ? "xgrid: " : "",
                                         printable(settings_.environments[event.environment]),
                                         printable(event.reason.substr(0, end)));
    const std::string advice = event.reason.substr(end);
    return title() + results_.new_line() + markup_.paint(line, lost ? Hue::red : Hue::none) +
           advice + (advice.ends_with('\n') ? "" : "\n");
}

std::string Terminal::show(const TreeSynced& event, const Tally&) {
    if (!verbose()) return {};
    const TreeReady& facts = event.facts;
    return title() + results_.new_line() +
           fmt::format("[{}] {} files in {}, {:.1f} MB sent in {:.2f}s\n", event.host, facts.files,
                       facts.folder, static_cast<double>(facts.bytes_sent) / 1e6, facts.seconds);
}

std::string Terminal::show(const UnitLoaded& event, const Tally&) {
    if (!settings_.display.collect_only) return {};
    listing_.add(event);
    return only_counted() ? "" : listed(listing_.next());
}

std::string Terminal::listed(const std::string& text) {
    if (text.empty()) return {};
    const bool first = !std::exchange(listing_shown_, true);
    return title() + (first && !quiet() ? "\n" : "") + text;
}

std::string Terminal::show(const TestStarted&, const Tally&) { return replaced(); }

std::string Terminal::show(const TestFinished& event, const Tally& tally) {
    if (settings_.display.collect_only) return {};  // a file that could not be collected
    const Outcome outcome = event.result.outcome;
    const bool failed = outcome == Outcome::failed || outcome == Outcome::error;
    // Its letter is there; that it has passed after all is told in words.
    const bool shown = event.was_failing && !tally.earlier().ran_again();
    if (shown && (failed || !verbose())) return {};
    return title() + results_.add(event.worker, event.test, event.result, tally);
}

std::string Terminal::show(const TestFailing& event, const Tally& tally) {
    // As pytest-rerunfailures shows it.
    static const Phase again{.when = "call", .category = "rerun", .letter = "R", .word = "RERUN"};
    if (event.retried) return title() + results_.add(event.worker, event.test, again, tally);
    return title() + results_.add(event.worker, event.test, event.result, tally);
}

std::string Terminal::show(const TeardownFailed& event, const Tally& tally) {
    return results_.add(event.worker, event.test, event.phase, tally);
}

std::string Terminal::show(const WarningSeen&, const Tally&) { return {}; }
std::string Terminal::show(const PropertiesAdded&, const Tally&) { return {}; }

std::string Terminal::show(const NoteSeen& event, const Tally&) {
    const std::string who = event.worker.empty() ? "" : "[" + event.worker + "] ";
    return title() + results_.new_line() + who + event.text +
           (event.text.ends_with('\n') ? "" : "\n");
}

// Whole lines, but for the last of a test.
std::string Terminal::show(const OutputSeen& event, const Tally&) {
    std::string text = title() + results_.new_line();
    for (std::size_t from = 0; from < event.text.size();) {
        const std::size_t end = std::min(event.text.find('\n', from), event.text.size());
        if (settings_.distributed) text += fmt::format("[{}] ", event.worker);
        text.append(event.text, from, end - from).append("\n");
        from = end + 1;
    }
    return text;
}

std::string Terminal::show(const RunFinished&, const Tally&) { return {}; }

std::string Terminal::tick(Instant now, const Tally& tally) {
    const std::string text = notices(now);
    if (!settings_.live || quiet() || settings_.display.collect_only) return text;
    return text + live_.draw(now, tally, results_.column());
}

std::string Terminal::notices(Instant now) {
    std::string text;
    if (quiet()) return text;
    for (const std::string& line : slow_tests_.due(now)) text += printable(line) + "\n";
    if (text.empty()) return text;
    const std::size_t before = results_.column();
    return live_.hide(before) + results_.new_line() + text;
}

// ---- The end

std::string Terminal::reason_line(const RunFinished& end) const {
    switch (end.end) {
        case RunEnd::completed: return {};
        case RunEnd::refused: return end.reason + "\n";
        case RunEnd::grid_failed: return markup_.paint("xgrid: " + end.reason, Hue::red) + "\n";
        case RunEnd::stopped:
        case RunEnd::exit_asked:
        case RunEnd::cancelled: break;
    }
    if (end.reason.find('\n') != std::string::npos || end.reason.starts_with("ERROR: ")) {
        return end.reason + "\n";
    }
    return markup_.line('!', printable(end.reason), Hue::red) + "\n";
}

// Where tests run one after the other, pytest has shown it already.
std::string Terminal::first_failure_line() const {
    const std::optional<Instant> seen = first_failure_.seen_at();
    if (!seen || quiet() || !settings_.distributed || settings_.display.collect_only) return {};
    return "first failure after " + took_text(*seen - began_at_) + "\n";
}

std::string Terminal::end(Instant now, const Tally& tally, int) {
    std::string text = live_.hide(results_.column());
    text += title();
    text += listed(only_counted() ? listing_.counts() : listing_.rest());
    text += settings_.display.collect_only ? "\n" : results_.end(tally);
    text += findings_.render(markup_, tally.closing().text);
    if (settings_.display.summary) {
        const MatrixLimits all{SIZE_MAX, SIZE_MAX, SIZE_MAX};
        text +=
            matrix_text(tally, settings_.environments, markup_, verbose() ? all : MatrixLimits());
    }
    text += reason_line(tally.end()) + first_failure_line();
    if (settings_.display.verbosity < -1) return text;
    return text +
           summary_line(tally, now - began_at_, settings_.display.collect_only, !quiet(), markup_) +
           "\n";
}

}  // namespace xgrid::client
