// The keys of a worker that listens, where they outlive it: a file that only its user can read.
#pragma once

#include <filesystem>

#include "shared/result.hpp"
#include "shared/token.hpp"

namespace xgrid::worker {

/// Those in the file, or fresh ones that are in it from then on. Error: what is wrong with the
/// file, such as that others can read it.
Result<WorkerKeys> keys_of_file(const std::filesystem::path& path);

}  // namespace xgrid::worker
