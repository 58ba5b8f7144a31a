// What a dying interpreter wrote last, made readable.
#pragma once

#include <string>

namespace xgrid::worker {

/// Without the frames of pytest and of the runner that are below every test, in stacks as Python's
/// faulthandler writes them. The innermost frame of each thread stays.
std::string without_frames_below(const std::string& text);

}  // namespace xgrid::worker
