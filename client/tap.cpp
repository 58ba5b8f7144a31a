#include "client/tap.hpp"

#include <numeric>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "client/markup.hpp"
#include "client/utf8.hpp"
#include "shared/outcome_words.hpp"

namespace xgrid::client {
namespace {

// What YAML takes as it is within a line, whatever its version.
bool printable_in_yaml(char32_t point) {
    return point == '\t' || (point >= 0x20 && point <= 0x7E) ||
           (point >= 0xA0 && point <= 0xD7FF && point != 0x2028 && point != 0x2029) ||
           (point >= 0xE000 && point <= 0xFFFD && point != 0xFEFF) ||
           (point >= 0x10000 && point <= 0x10FFFF);
}

std::string escape(char32_t point) {
    const auto number = static_cast<std::uint32_t>(point);
    if (number <= 0xFF) return fmt::format("\\x{:02x}", number);
    return number <= 0xFFFF ? fmt::format("\\u{:04x}", number) : fmt::format("\\U{:08x}", number);
}

std::string reason_of(const TestResult& result) {
    if (!result.details) return {};
    for (const Phase& phase : result.details->phases) {
        if (phase.reason.empty()) continue;
        return phase.reason.starts_with("reason: ") ? phase.reason.substr(8) : phase.reason;
    }
    return {};
}

std::string directive_of(const TestResult& result) {
    switch (result.outcome) {
        case Outcome::skipped: return "SKIP " + reason_of(result);
        case Outcome::xfailed:
        case Outcome::xpassed: return "TODO " + reason_of(result);
        default: return {};
    }
}

bool is_good(Outcome outcome) {
    return outcome == Outcome::passed || outcome == Outcome::skipped || outcome == Outcome::xpassed;
}

std::string phase_lines(const Phase& phase) {
    std::string text;
    const std::string when = phase.when.empty() ? "call" : phase.when;
    text += fmt::format("  phase: {}\n", yaml_quoted(when));
    if (!phase.message.empty()) text += fmt::format("  message: {}\n", yaml_quoted(phase.message));
    if (!phase.path.empty()) {
        text += fmt::format("  at:\n    file: {}\n", yaml_quoted(phase.path));
        if (phase.line > 0) text += fmt::format("    line: {}\n", phase.line);
    }
    if (!phase.text.empty()) {
        text += "  text: " + yaml_block(without_colours(phase.text), 4);
    }
    return text;
}

// Of a test, keys stand once: the first phase that went wrong is what it is about.
const Phase* phase_that_failed(const TestResult& result) {
    if (!result.details) return nullptr;
    for (const Phase& phase : result.details->phases) {
        if (phase.category == "failed" || phase.category == "error") return &phase;
    }
    return nullptr;
}

std::string diagnostics(const TestFinished& event) {
    const auto& seconds = event.result.seconds;
    std::string text = "  ---\n";
    text += fmt::format("  severity: {}\n", outcome_word(event.result.outcome));
    text += fmt::format("  duration_ms: {:.3f}\n",
                        1000 * std::accumulate(seconds.begin(), seconds.end(), 0.0));
    if (!event.worker.empty()) text += fmt::format("  worker: {}\n", yaml_quoted(event.worker));
    if (event.result.crashed) text += "  crashed: true\n";
    if (const Phase* phase = phase_that_failed(event.result)) text += phase_lines(*phase);
    if (event.result.details && !event.result.details->sections.empty()) {
        text += "  output:\n";
        for (const auto& [title, output] : event.result.details->sections) {
            text += fmt::format("    {}: {}", yaml_quoted(title),
                                yaml_block(without_colours(output), 6));
        }
    }
    return text + "  ...\n";
}

bool bails_out(RunEnd end) { return end != RunEnd::completed && end != RunEnd::stopped; }

}  // namespace

std::string tap_words(const std::string& text) {
    std::string result;
    for_each_code_point(text, [&](char32_t point, std::string_view bytes) {
        if (point == '\n' || point == '\r' || point == '\t') {
            result += ' ';
        } else if (point == '\\' || point == '#') {
            result.append("\\").append(bytes);
        } else if (point < 0x20 || point == 0x7F) {
            result += "\\" + escape(point);  // the backslash itself is to be seen
        } else {
            result += bytes;
        }
    });
    return result;
}

std::string yaml_quoted(const std::string& text) {
    std::string result = "\"";
    for_each_code_point(text, [&](char32_t point, std::string_view bytes) {
        if (point == '"' || point == '\\') {
            result.append("\\").append(bytes);
        } else if (point == '\n') {
            result += "\\n";
        } else if (point == '\t') {
            result += "\\t";
        } else if (printable_in_yaml(point)) {
            result += bytes;
        } else {
            result += escape(point);
        }
    });
    return result + "\"";
}

std::string yaml_block(const std::string& text, std::size_t indent) {
    // The 2 says how much of the space is indentation, so that the text may begin with some.
    std::string result = "|2\n";
    const std::string margin(indent, ' ');
    bool at_begin = true;
    for_each_code_point(text, [&](char32_t point, std::string_view bytes) {
        if (point == '\n') {
            result += '\n';
            at_begin = true;
            return;
        }
        if (at_begin) result += margin;
        at_begin = false;
        if (printable_in_yaml(point)) {
            result += bytes;
        } else {
            result += escape(point);
        }
    });
    return at_begin ? result : result + "\n";
}

std::string Tap::begin(Instant) { return "TAP version 14\n"; }

std::string Tap::point(bool good, const std::string& name, std::uint32_t environment,
                       const std::string& directive) {
    std::string words = tap_words(name);
    if (environments_.each()) words += " on " + tap_words(environments_[environment]);
    std::string text = fmt::format("{} {} - {}", good ? "ok" : "not ok", ++points_, words);
    if (!directive.empty()) text += " # " + tap_words(directive);
    while (text.ends_with(' ')) text.pop_back();
    return text + "\n";
}

std::string Tap::add(Instant, const Event& event, const Tally&) {
    if (const auto* test = std::get_if<TestFinished>(&event)) {
        const Outcome outcome = test->result.outcome;
        std::string name = test->test.id;
        if (test->test.occurrence > 0) name += fmt::format(" ({})", test->test.occurrence + 1);
        const std::string line =
            point(is_good(outcome), name, test->environment, directive_of(test->result));
        return is_failure(outcome) ? line + diagnostics(*test) : line;
    }
    if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        return point(false, late->test.id + " (teardown)", late->environment, {}) + "  ---\n" +
               phase_lines(late->phase) + "  ...\n";
    }
    if (const auto* ended = std::get_if<EnvironmentEnded>(&event)) {
        if (!environments_.each() || !bails_out(ended->end)) return {};
        return point(false, "xgrid::environment", ended->environment, {}) + "  ---\n" +
               fmt::format("  message: {}\n  ...\n", yaml_quoted(ended->reason));
    }
    return {};
}

std::string Tap::end(Instant, const Tally& tally, int) {
    if (bails_out(tally.end().end)) {
        const std::string& reason = tally.end().reason;
        return "Bail out! " +
               tap_words(reason.empty() ? "the run was " + end_word(tally.end().end) : reason) +
               "\n";
    }
    if (points_ == 0) return "1..0 # SKIP no tests ran\n";
    return fmt::format("1..{}\n", points_);
}

}  // namespace xgrid::client
