#include "worker/disk_space.hpp"

#include <optional>
#include <sys/statvfs.h>

#include <fmt/format.h>

namespace xgrid::worker {
namespace {

// None: nobody can tell.
std::optional<std::uint64_t> free_in(std::filesystem::path folder) {
    struct statvfs found {};
    while (statvfs(folder.c_str(), &found) != 0) {
        if (!folder.has_relative_path()) return std::nullopt;
        folder = folder.parent_path();
    }
    return std::uint64_t{found.f_bavail} * found.f_frsize;
}

std::string megabytes(std::uint64_t bytes) { return fmt::format("{} MB", bytes >> 20); }

}  // namespace

std::string DiskSpace::trouble() {
    const std::uint64_t least = lacks_ ? free_least_ + free_least_ / 4 : free_least_;
    std::string trouble;
    for (const std::filesystem::path& folder : folders_) {
        const std::optional<std::uint64_t> free = free_in(folder);
        if (!free || *free >= least) continue;
        trouble = fmt::format("only {} are free in {}, and {} are needed (--min-free)",
                              megabytes(*free), folder.string(), megabytes(least));
        break;
    }
    lacks_ = !trouble.empty();
    return trouble;
}

}  // namespace xgrid::worker
