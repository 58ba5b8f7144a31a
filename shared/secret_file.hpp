// Files with secrets in them: read only if nobody else can read or change them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "shared/result.hpp"

namespace xgrid {

/// None: there is no such file. Error: it is not this user's alone (its permissions, its owner, a
/// symbolic link), is no file, has more than 1 MB, or cannot be read. No error shows what is in it.
Result<std::optional<std::string>> read_secret(const std::filesystem::path& path);

}  // namespace xgrid
