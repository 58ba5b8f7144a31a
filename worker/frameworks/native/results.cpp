#include "worker/frameworks/native/results.hpp"

#include <utility>

#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
TestResult result_of(Outcome outcome, const std::string& why, const std::string& text) {
    TestResult result{.outcome = outcome};
    if (outcome == Outcome::passed && why.empty()) return result;
    Phase phase = phase_for(outcome, "call");
    if (outcome == Outcome::failed || outcome == Outcome::error) {
        phase.message = one_line(why);
        phase.text = text.empty() ? why : text;
    } else {
        phase.reason = why;
    }
    result.details = Details{.phases = {std::move(phase)}};
    return result;
}

}  // namespace xgrid::worker::native
