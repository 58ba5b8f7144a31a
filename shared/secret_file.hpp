// Files with secrets in them: read only if nobody else can read or change them, and written so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "shared/result.hpp"

namespace xgrid {

/// None: there is no such file. Error: it is not this user's alone (its permissions, its owner, a
/// symbolic link), is no file, has more than 1 MB, or cannot be read. No error shows what is in it.
Result<std::optional<std::string>> read_secret(const std::filesystem::path& path);

enum class Existing : std::uint8_t { kept, replaced };

/// Makes the file, whole or not at all, whoever else may do the same. False: there is one already,
/// which is kept.
Result<bool> write_secret(const std::filesystem::path& path, const std::string& text,
                          Existing existing);

}  // namespace xgrid
