#include "shared/config_home.hpp"

#include <cstdlib>

namespace xgrid {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

fs::path config_home(const std::string& xdg_config_home, const std::string& home) {
    if (const fs::path config = xdg_config_home; config.is_absolute()) return config / "xgrid";
    if (const fs::path users = home; users.is_absolute()) return users / ".config/xgrid";
    return {};
}

fs::path config_home() { return config_home(variable("XDG_CONFIG_HOME"), variable("HOME")); }

}  // namespace xgrid
