#include "worker/frameworks/native/whole_file.hpp"

#include <fstream>
#include <sstream>

namespace xgrid::worker::native {

std::string whole_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace xgrid::worker::native
