#include "worker/frameworks/native/results.hpp"

namespace xgrid::worker::native {
namespace {

Phase phase_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::passed: return {.category = "passed", .letter = ".", .word = "PASSED"};
        case Outcome::failed: return {.category = "failed", .letter = "F", .word = "FAILED"};
        case Outcome::error: return {.category = "error", .letter = "E", .word = "ERROR"};
        case Outcome::skipped: return {.category = "skipped", .letter = "s", .word = "SKIPPED"};
        case Outcome::xfailed: return {.category = "xfailed", .letter = "x", .word = "XFAIL"};
        case Outcome::xpassed: return {.category = "xpassed", .letter = "X", .word = "XPASS"};
    }
    return {};
}

}  // namespace

TestResult result_of(Outcome outcome, const std::string& why, const std::string& text) {
    TestResult result{.outcome = outcome};
    if (outcome == Outcome::passed && why.empty()) return result;
    Phase phase = phase_of(outcome);
    phase.when = "call";
    if (outcome == Outcome::failed || outcome == Outcome::error) {
        phase.message = why.substr(0, why.find('\n'));
        phase.text = text.empty() ? why : text;
    } else {
        phase.reason = why;
    }
    result.details = Details{.phases = {std::move(phase)}};
    return result;
}

}  // namespace xgrid::worker::native
