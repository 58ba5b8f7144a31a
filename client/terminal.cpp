#include "client/terminal.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "client/summary_line.hpp"

namespace xgrid::client {
namespace {

constexpr std::size_t progress_columns = 7;  // " [ 12%]"
constexpr Duration live_interval = std::chrono::milliseconds(100);
constexpr Duration live_delay = std::chrono::milliseconds(500);  // short runs go without

Hue hue_of(const std::string& category) {
    if (category == "passed") return Hue::green;
    return category == "failed" || category == "error" ? Hue::red : Hue::yellow;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

Phase passed_phase() {
    return {.when = "call", .category = "passed", .letter = ".", .word = "PASSED"};
}

}  // namespace

Terminal::Terminal(TerminalSettings settings)
    : settings_(std::move(settings)),
      markup_(settings_.colour, settings_.columns),
      findings_(settings_.display) {}

std::string Terminal::begin(Instant now) {
    began_at_ = now;
    if (quiet() || !settings_.display.header) return {};
    return markup_.line('=', "test session starts", Hue::none, true) + "\n" + settings_.headline +
           "\n";
}

std::string Terminal::add(Instant now, const Event& event, const Tally& tally) {
    findings_.add(event);
    slow_tests_.add(now, event);
    const std::size_t before = column_;
    std::string text = std::visit([&](const auto& one) { return show(one, tally); }, event);
    if (text.empty() || live_shown_ == 0) return text;
    // The progress line makes room, and comes back below what is new.
    text = hide_live(before) + text;
    live_drawn_at_ = now - live_interval;
    return text;
}

// ---- Events

std::string Terminal::show(const WorkerUp& event, const Tally&) {
    std::string text = replaced();
    if (header_shown_ || quiet() || !settings_.display.header) return text;
    header_shown_ = true;
    const SlotFacts& facts = event.facts;
    text += fmt::format("platform {} -- Python {}, {}\n", facts.platform, facts.version,
                        facts.framework);
    text += "rootdir: " + facts.root;
    if (!facts.config.empty()) {
        const bool inside = facts.config.starts_with(facts.root + "/");
        text +=
            ", configfile: " + (inside ? facts.config.substr(facts.root.size() + 1) : facts.config);
    }
    text += "\n";
    for (const std::string& line : facts.header) text += line + "\n";
    if (!facts.plugins.empty()) text += "plugins: " + joined(facts.plugins) + "\n";
    if (!settings_.display.collect_only) text += "\n";
    return text;
}

std::string Terminal::show(const WorkerDown& event, const Tally&) {
    if (event.reason.empty()) return {};
    if (event.reason.starts_with("crashed")) crashed_.push_back(event.worker);
    return new_line() + fmt::format("[{}] node down: {}\n", event.worker, printable(event.reason));
}

// Told once it is true: after the last crash that is allowed nothing more starts.
std::string Terminal::replaced() {
    std::string text;
    for (const std::string& worker : std::exchange(crashed_, {})) {
        text += fmt::format("replacing crashed worker {}\n", worker);
    }
    return text.empty() ? text : new_line() + text;
}

std::string Terminal::show(const UnitsKnown&, const Tally&) { return {}; }

std::string Terminal::show(const UnitLoaded& event, const Tally&) {
    if (!settings_.display.collect_only) return {};
    std::string text;
    for (const TestName& test : event.tests) text += printable(test.id) + "\n";
    return text;
}

std::string Terminal::show(const TestStarted&, const Tally&) { return replaced(); }

std::string Terminal::show(const TestFinished& event, const Tally& tally) {
    const Outcome outcome = event.result.outcome;
    const bool failed = outcome == Outcome::failed || outcome == Outcome::error;
    // Its letter is there; that it has passed after all is told in words.
    if (event.was_failing && (failed || !verbose())) return {};
    return show_result(event.worker, event.test.id, event.result, tally);
}

std::string Terminal::show(const TestFailing& event, const Tally& tally) {
    return show_result(event.worker, event.test.id, event.result, tally);
}

std::string Terminal::show_result(const std::string& worker, const std::string& test,
                                  const TestResult& result, const Tally& tally) {
    std::string text;
    bool shown = false;
    if (result.details) {
        for (const Phase& phase : result.details->phases) {
            if (phase.when == "teardown" && !shown) {
                text += show_phase(worker, test, passed_phase(), tally);
            }
            shown = true;
            text += show_phase(worker, test, phase, tally);
        }
    }
    if (!shown) text += show_phase(worker, test, passed_phase(), tally);
    return text;
}

std::string Terminal::show(const TeardownFailed& event, const Tally& tally) {
    return show_phase(event.worker, event.test.id, event.phase, tally);
}

std::string Terminal::show_phase(const std::string& worker, const std::string& test,
                                 const Phase& phase, const Tally& tally) {
    if (phase.letter.empty() && phase.word.empty()) return {};
    const Hue hue = hue_of(phase.category);
    if (verbose()) {
        std::string line = worker.empty() ? "" : fmt::format("[{}]", worker);
        line += markup_.paint(percent(tally), run_hue(tally)) + " " +
                markup_.paint(phase.word, hue) + " " + printable(test);
        if (!phase.reason.empty()) line += " (" + printable(phase.reason) + ")";
        return line + "\n";
    }
    std::string text = markup_.paint(phase.letter, hue);
    column_ += width(phase.letter);
    if (column_ + progress_columns + 1 < markup_.columns()) return text;
    if (!quiet() || settings_.display.verbosity == -1) {
        text += markup_.paint(percent(tally), run_hue(tally));
    }
    column_ = 0;
    return text + "\n";
}

std::string Terminal::show(const WarningSeen&, const Tally&) { return {}; }

std::string Terminal::show(const NoteSeen& event, const Tally&) {
    const std::string who = event.worker.empty() ? "" : "[" + event.worker + "] ";
    return new_line() + who + event.text + (event.text.ends_with('\n') ? "" : "\n");
}

std::string Terminal::show(const OutputSeen& event, const Tally&) {
    const char* mark = event.stream == Stream::err ? "!" : "";
    std::string text = new_line();
    std::size_t from = 0;
    while (from < event.text.size()) {
        const std::size_t end = std::min(event.text.find('\n', from), event.text.size());
        text += fmt::format("[{}{}] {}\n", event.worker, mark, event.text.substr(from, end - from));
        from = end + 1;
    }
    return text;
}

std::string Terminal::show(const RunFinished&, const Tally&) { return {}; }

// ---- Progress

std::string Terminal::new_line() { return std::exchange(column_, 0) > 0 ? "\n" : ""; }

std::string Terminal::percent(const Tally& tally, bool last) const {
    std::uint64_t share = 100;
    if (!last) {
        const std::uint64_t all = std::max<std::uint64_t>(tally.tests_expected(), 1);
        share = std::min<std::uint64_t>(tally.tests_finished() * 100 / all, 100);
        // Until the end one cannot know: files may hold more tests than others did.
        const bool open = !tally.all_units_known() || tally.units_loaded() < tally.units_known();
        if (open) share = std::min<std::uint64_t>(share, 99);
    }
    return fmt::format(" [{:3}%]", share);
}

std::string Terminal::end_progress(const Tally& tally) {
    if (column_ == 0) return {};
    std::string text;
    const std::size_t end = markup_.columns() - progress_columns - 1;
    if (column_ <= end) text = std::string(end - column_ + 1, ' ');
    text += markup_.paint(percent(tally, tally.end().end == RunEnd::completed), run_hue(tally));
    column_ = 0;
    return text + "\n";
}

std::string Terminal::tick(Instant now, const Tally& tally) {
    std::string text = notices(now);
    if (!settings_.live || verbose() || quiet() || settings_.display.collect_only) return text;
    if (now < began_at_ + live_delay || now < live_drawn_at_ + live_interval) return text;
    live_drawn_at_ = now;
    const std::string line = shortened(live_line(now, tally), markup_.columns() - 1);
    // Below the letters, whose line goes on when the next result comes.
    text += live_shown_ > 0 ? "\r\x1b[K" : column_ > 0 ? "\n" : "";
    live_shown_ = width(line);
    return text + line;
}

std::string Terminal::notices(Instant now) {
    std::string text;
    if (quiet()) return text;
    for (const std::string& line : slow_tests_.due(now)) text += printable(line) + "\n";
    if (text.empty()) return text;
    const std::size_t before = column_;
    text = new_line() + text;
    return live_shown_ > 0 ? hide_live(before) + text : text;
}

// Erases the progress line, and goes back to that column of the letters above it.
std::string Terminal::hide_live(std::size_t column) {
    live_shown_ = 0;
    return column == 0 ? "\r\x1b[K" : fmt::format("\r\x1b[K\x1b[A\x1b[{}C", column);
}

std::string Terminal::live_line(Instant now, const Tally& tally) const {
    const double seconds = std::chrono::duration<double>(now - began_at_).count();
    const std::uint64_t done = tally.tests_finished();
    const std::uint64_t all = std::max(tally.tests_expected(), done);
    const bool sure = tally.all_units_known() && tally.units_loaded() >= tally.units_known();
    const std::uint64_t failures = tally.count("failed") + tally.count("error");
    std::string line = fmt::format("{}/{}{}", done, sure ? "" : "about ", all);
    if (failures > 0) line += fmt::format(", {} failed", failures);
    line += fmt::format(", {:.0f}/s, {:.0f} s", static_cast<double>(done) / seconds, seconds);
    if (done > 0 && all > done) {
        line += fmt::format(", about {:.0f} s left",
                            seconds / static_cast<double>(done) * static_cast<double>(all - done));
    }
    return line;
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

std::string Terminal::end(Instant now, const Tally& tally, int) {
    std::string text;
    if (live_shown_ > 0) text += hide_live(column_);
    text += end_progress(tally);
    text += findings_.render(markup_);
    text += reason_line(tally.end());
    if (settings_.display.verbosity < -1) return text;
    return text +
           summary_line(tally, now - began_at_, settings_.display.collect_only, !quiet(), markup_) +
           "\n";
}

}  // namespace xgrid::client
