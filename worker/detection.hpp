// What a worker can say of its host without being told: the labels os, arch and python, the last
// with the version of every interpreter on PATH.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace xgrid::worker {

std::map<std::string, std::string> detected_labels();

/// Versions such as 3.11, in order, each once. What a file is called tells; a script that is called
/// like an interpreter is asked, and so is one whose name does not tell. Takes two seconds at most,
/// and far less as a rule.
std::vector<std::string> python_versions(const std::vector<std::filesystem::path>& folders);

}  // namespace xgrid::worker
