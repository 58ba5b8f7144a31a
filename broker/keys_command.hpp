// `xgrid keys`: makes keys, and says whose a broker lets in.
#pragma once

#include "broker/keys_options.hpp"

namespace xgrid::broker {

/// The exit code. Throws Fatal.
int run_keys(const KeysOptions& options);

}  // namespace xgrid::broker
