// What is answered for runs that are over and kept. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/steps.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

/// Which run it is about that may be over: of Submit, Follow, Cancel, Attach and Ask; nullptr:
/// none.
const std::string* run_asked_for(const Message& message);

/// The answer to one that is about that run, if any is due.
std::optional<Message> answer_for(const RunOver& run, const Message& message);

/// ... of the broker's core, which knows nothing of those.
void add_over(Answer& answer, std::vector<RunSummary> over);

}  // namespace xgrid::broker
