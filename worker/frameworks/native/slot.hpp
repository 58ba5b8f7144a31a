// A slot of programs: from its start to its last order.
#pragma once

#include "shared/descriptor.hpp"
#include "worker/frameworks/native/shared_answers.hpp"
#include "worker/frameworks/native/talk.hpp"

namespace xgrid::worker::native {

/// Serves the worker's orders until the one to finish; then everything is said.
void run_slot(const SlotStart& start, const SharedAnswers& answers, Descriptor socket,
              Descriptor jobs, Descriptor tests);

}  // namespace xgrid::worker::native
