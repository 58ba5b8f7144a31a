// Where in a tree a client puts the shared libraries that test programs need and a worker's system
// may not have, and where workers look for them.
#pragma once

namespace xgrid {

inline constexpr const char* libraries_folder = ".xgrid-libraries";

}  // namespace xgrid
