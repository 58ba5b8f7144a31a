// The text of a file; empty where there is none.
#pragma once

#include <filesystem>
#include <string>

namespace xgrid::worker::native {

std::string whole_file(const std::filesystem::path& path);

}  // namespace xgrid::worker::native
