// Shared libraries that came with the code, for what a slot runs.
#pragma once

namespace xgrid::worker::native {

/// Among a run's variables, on the way to its slots alone: the copy of the code that they run in.
inline constexpr const char* copy_variable = "XGRID_COPY";

/// From here on programs find them before the system's. As a run's variables are set already; takes
/// `copy_variable` out of them.
void use_libraries();

}  // namespace xgrid::worker::native
