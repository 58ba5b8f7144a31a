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

fs::path folder(const char* own_name, const char* all_name, const char* beneath_home) {
    if (fs::path own = variable(own_name); !own.empty()) return own;
    if (const fs::path all = variable(all_name); !all.empty()) return all / "xgrid";
    if (const fs::path home = variable("HOME"); !home.empty()) return home / beneath_home;
    return {};
}

}  // namespace

fs::path cache_home() { return folder("XGRID_CACHE_HOME", "XDG_CACHE_HOME", ".cache/xgrid"); }

fs::path state_home() { return folder("XGRID_STATE_HOME", "XDG_STATE_HOME", ".local/state/xgrid"); }

}  // namespace xgrid
