#include "worker/frameworks/native/libraries.hpp"

#include <filesystem>
#include <stdlib.h>
#include <string>
#include <system_error>

#include "shared/libraries_folder.hpp"

namespace xgrid::worker::native {

void use_libraries() {
    const char* copy = getenv(copy_variable);
    if (copy == nullptr) return;
    constexpr const char* path_variable = "LD_LIBRARY_PATH";
    std::string folders = std::filesystem::path(copy) / libraries_folder;
    unsetenv(copy_variable);
    std::error_code none;
    if (!std::filesystem::is_directory(folders, none)) return;
    if (const char* others = getenv(path_variable); others != nullptr && *others != '\0') {
        folders.append(":").append(others);
    }
    setenv(path_variable, folders.c_str(), 1);
}

}  // namespace xgrid::worker::native
