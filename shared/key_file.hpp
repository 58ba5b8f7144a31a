// A secret key in a file that is its user's alone, with the public one beside it:
//
//   # what it is
//   xgs1_...
//   xgp1_...
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "shared/result.hpp"
#include "shared/token.hpp"

namespace xgrid {

/// The secret key. None: there is no such file. Error: what is wrong with it, such as that others
/// can read it.
Result<std::optional<CurveKey>> read_key_file(const std::filesystem::path& path);

/// With a fresh one, whose secret key is returned, and the folders that it needs. None: there is
/// one already, which is kept. `about`: a line.
Result<std::optional<CurveKey>> make_key_file(const std::filesystem::path& path,
                                              const std::string& about);

}  // namespace xgrid
