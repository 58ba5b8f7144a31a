#include "shared/living.hpp"

#include <system_error>

#include "shared/process.hpp"

namespace xgrid {

Result<Living> Living::enter(const std::filesystem::path& folder) {
    while (true) {
        const std::string name = random_token();
        Result<File> file = File::open(folder / name, O_RDWR | O_CREAT | O_EXCL);
        if (!file) return Error{file.error()};
        // Between the two calls another process may have taken the file for that of a dead one.
        if (file->lock() && file->in_place()) return Living(name, std::move(*file));
    }
}

Living::~Living() {
    if (!file_) return;
    std::error_code ignored;
    std::filesystem::remove(file_->path(), ignored);
}

std::vector<std::string> Living::all(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        Result<File> file = File::open(entry.path(), O_RDWR);
        if (!file) continue;
        if (!file->lock()) {
            names.push_back(entry.path().filename().string());
        } else {
            std::filesystem::remove(entry.path(), error);
        }
    }
    return names;
}

}  // namespace xgrid
