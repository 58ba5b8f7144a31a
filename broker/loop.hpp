// The broker's loop: socket, clock and signals around the core. Decides nothing.
#pragma once

#include <filesystem>
#include <vector>

#include "broker/options.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid::broker {

/// Serves until SIGTERM or SIGINT. The exit code. Throws Fatal if it cannot listen.
int run(const Options& options);

/// What a history of tests has to answer, without its broker; nothing, if there is no such file.
Result<std::vector<TestHistory>> recorded_history(const std::filesystem::path& file,
                                                  const Ask& ask);

}  // namespace xgrid::broker
