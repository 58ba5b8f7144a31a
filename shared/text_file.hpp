// Small text files that people write, read whole.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "shared/result.hpp"

namespace xgrid {

/// None: there is no such file. Error: why it cannot be read (not a file, more than 4 MB, ...),
/// with its name.
Result<std::optional<std::string>> read_text(const std::filesystem::path& path);

}  // namespace xgrid
