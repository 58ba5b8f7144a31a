#include "client/quarantined.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "shared/quarantines.hpp"

namespace xgrid::client {
namespace {

void quarantine(const Quarantine& why, Phase& phase) {
    if (phase.category != "failed" && phase.category != "error") return;
    phase.category = quarantined;
    phase.letter = "q";
    phase.word = "QUARANTINED";
    phase.reason = text_of(why);
}

void quarantine(const std::vector<Quarantine>& all, const TestName& test, TestResult& result) {
    if (!result.details) return;
    const Quarantine* why = quarantine_of(all, test, result);
    if (why == nullptr) return;
    for (Phase& phase : result.details->phases) quarantine(*why, phase);
}

}  // namespace

void quarantine(const std::vector<Quarantine>& all, Event& event) {
    if (all.empty()) return;
    if (auto* finished = std::get_if<TestFinished>(&event)) {
        quarantine(all, finished->test, finished->result);
    } else if (auto* failing = std::get_if<TestFailing>(&event)) {
        quarantine(all, failing->test, failing->result);
    } else if (auto* late = std::get_if<TeardownFailed>(&event)) {
        const Quarantine* why = quarantine_of(all, late->test);
        if (why == nullptr) return;
        late->phase.category = "error";
        quarantine(*why, late->phase);
    }
}

bool is_quarantined(const TestResult& result) {
    return result.details && std::ranges::any_of(result.details->phases, [](const Phase& phase) {
               return phase.category == quarantined;
           });
}

std::string text_of(const Quarantine& one) {
    return fmt::format("owner: {}, {}, until {}", one.owner, one.issue, one.until);
}

}  // namespace xgrid::client
