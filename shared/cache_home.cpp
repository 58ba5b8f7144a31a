#include "shared/cache_home.hpp"

#include <cstdlib>
#include <string>
#include <system_error>

namespace xgrid {
namespace {

namespace fs = std::filesystem;

fs::path variable(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return {};
    std::error_code none;
    return fs::absolute(value, none);
}

}  // namespace

fs::path cache_home() {
    if (const fs::path own = variable("XGRID_CACHE_HOME"); !own.empty()) return own;
    if (const fs::path all = variable("XDG_CACHE_HOME"); !all.empty()) return all / "xgrid";
    if (const fs::path home = variable("HOME"); !home.empty()) return home / ".cache/xgrid";
    return {};
}

}  // namespace xgrid
