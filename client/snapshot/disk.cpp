#include "client/snapshot/disk.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/tree.hpp"

namespace xgrid::client {
namespace {

constexpr int for_reading = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr std::size_t rules_bytes_max = std::size_t{16} * 1024 * 1024;

std::int64_t nanoseconds(const struct timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileStamp stamp_of(const struct stat& facts) {
    return {.modified_ns = nanoseconds(facts.st_mtim),
            .changed_ns = nanoseconds(facts.st_ctim),
            .bytes = static_cast<std::uint64_t>(facts.st_size),
            .inode = facts.st_ino,
            .mode = facts.st_mode};
}

Descriptor open_below(int folder, const char* path) {
    struct open_how how = {};
    how.flags = for_reading;
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const long opened = syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (opened >= 0) return Descriptor(static_cast<int>(opened));
    // Kernels before 5.6, and sandboxes that do not know it.
    if (errno != ENOSYS && errno != EPERM) return {};
    return Descriptor(openat(folder, path, for_reading | O_NOFOLLOW));
}

std::optional<FileStamp> stamp_of(const Descriptor& file) {
    struct stat facts = {};
    if (fstat(file.get(), &facts) != 0) return std::nullopt;
    return stamp_of(facts);
}

std::optional<std::string> link_target(int folder, const char* name) {
    std::string target(link_bytes_max + 1, '\0');
    const ssize_t bytes = readlinkat(folder, name, target.data(), target.size());
    if (bytes < 0) return std::nullopt;
    target.resize(static_cast<std::size_t>(bytes));
    return target;
}

std::string read_rules(int folder, const char* path, bool follow_links) {
    const Descriptor file(openat(folder, path, for_reading | (follow_links ? 0 : O_NOFOLLOW)));
    std::string text;
    struct stat facts = {};
    if (!file || fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return text;
    std::array<char, 4096> piece;
    while (text.size() < rules_bytes_max) {
        const ssize_t bytes = read(file.get(), piece.data(), piece.size());
        if (bytes <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(bytes));
    }
    return text;
}

bool is_gone(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

}  // namespace xgrid::client
