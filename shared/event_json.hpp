// An event of a run as a JSON object: the lines of --json, which pages show, too. Pure.
#pragma once

#include <optional>
#include <string>

#include "shared/messages.hpp"

namespace xgrid {

/// What an event itself does not say.
struct EventContext {
    std::string environment;   // the name of its environment; empty: nobody knows
    std::string tree;          // the id of the run's tree
    std::optional<double> at;  // when it was heard of: seconds since the run began
    bool whole = false;        // with tracebacks and what was captured
    // Of a verdict: whether the test passed only when it ran again; none: it ran once.
    std::optional<bool> flaky;
    const Quarantine* quarantine = nullptr;  // in which its failure is
};

/// One object without a line's end, in UTF-8 whatever a test printed. Empty: nothing is told of
/// that event; the run's last one is told by who has counted.
std::string event_json(const Event& event, const EventContext& context);

}  // namespace xgrid
