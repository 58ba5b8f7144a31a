#include "worker/workspace/beneath.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

namespace xgrid::worker {
namespace {

constexpr int to_read_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int to_read_file = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

// Each level holds a descriptor.
constexpr int levels_max = 40;

std::atomic<bool> has_openat2{true};

Descriptor open_by_parts(int root, std::string_view path, int flags) {
    Descriptor folder;
    int parent = root;
    for (;;) {
        const std::string name(path.substr(0, path.find('/')));
        const bool last = name.size() == path.size();
        path.remove_prefix(last ? path.size() : name.size() + 1);
        const int on_the_way = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        Descriptor opened(::openat(parent, name.c_str(), last ? flags : on_the_way));
        if (last || !opened) return opened;
        folder = std::move(opened);
        parent = folder.get();
    }
}

// By a descriptor that needs no permission to read, and cannot have followed a link.
bool unlock(int parent, const char* name) {
    const Descriptor folder(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return false;
    return ::chmod(fmt::format("/proc/self/fd/{}", folder.get()).c_str(), folder_mode) == 0;
}

bool empty_below(int folder, int aside, int level);

bool remove_at_level(int folder, const std::string& name, int aside, int level) {
    if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return true;
    if (errno != EISDIR) return false;
    {
        const Descriptor child = open_folder(folder, name.c_str());
        if (!child) return false;
        if (level == levels_max) {
            // Its inode is a name that nothing else in there has.
            struct stat found = {};
            if (::fstat(child.get(), &found) != 0) return false;
            const std::string elsewhere = fmt::format("deep-{}", found.st_ino);
            return ::renameat(folder, name.c_str(), aside, elsewhere.c_str()) == 0;
        }
        if (!empty_below(child.get(), aside, level + 1)) return false;
    }
    return ::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0;
}

bool empty_below(int folder, int aside, int level) {
    const std::optional<std::vector<Name>> names = names_in(folder);
    if (!names) return false;
    for (const Name& name : *names) {
        if (!remove_at_level(folder, name.text, aside, level)) return false;
    }
    return true;
}

}  // namespace

Descriptor Beneath::folder(const std::string& path) const {
    return open(path.empty() ? "." : path, to_read_folder);
}

Descriptor Beneath::file(const std::string& path) const { return open(path, to_read_file); }

Descriptor Beneath::open(const std::string& path, int flags) const {
    if (lookup_ == Lookup::one_call && has_openat2) {
        open_how how = {};
        how.flags = static_cast<std::uint64_t>(flags);
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
        long opened = -1;
        do {
            opened = ::syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof(how));
        } while (opened < 0 && (errno == EAGAIN || errno == EINTR));
        if (opened >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return Descriptor(static_cast<int>(opened));
        }
        has_openat2 = false;
    }
    return open_by_parts(root_.get(), path, flags);
}

Descriptor open_folder(int parent, const char* name) {
    Descriptor folder(::openat(parent, name, to_read_folder));
    if (!folder && errno == EACCES && unlock(parent, name)) {
        folder = Descriptor(::openat(parent, name, to_read_folder));
    }
    struct stat found = {};
    if (folder && ::fstat(folder.get(), &found) == 0 && (found.st_mode & S_IRWXU) != S_IRWXU) {
        ::fchmod(folder.get(), folder_mode);  // if that fails, so does what is done in it
    }
    return folder;
}

std::optional<std::vector<Name>> names_in(int folder) {
    // Without a stream of the C library, which would take the descriptor for its own.
    std::vector<Name> names;
    alignas(dirent64) std::array<char, 32 * 1024> entries;
    if (::lseek(folder, 0, SEEK_SET) != 0) return std::nullopt;
    for (;;) {
        const ssize_t bytes = ::getdents64(folder, entries.data(), entries.size());
        if (bytes < 0) return std::nullopt;
        if (bytes == 0) return names;
        for (ssize_t at = 0; at < bytes;) {
            const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.push_back({std::string(name), entry->d_type});
            at += entry->d_reclen;
        }
    }
}

bool remove_from(int folder, const std::string& name, int aside) {
    return remove_at_level(folder, name, aside, 0);
}

bool empty_folder(int folder) {
    for (;;) {
        const std::optional<std::vector<Name>> names = names_in(folder);
        if (!names) return false;
        if (names->empty()) return true;
        for (const Name& name : *names) {
            if (!remove_from(folder, name.text, folder)) return false;
        }
    }
}

FileStat stat_of(const struct stat& found) {
    constexpr std::int64_t second = 1'000'000'000;
    return {.size = static_cast<std::uint64_t>(found.st_size),
            .modified_ns = found.st_mtim.tv_sec * second + found.st_mtim.tv_nsec,
            .changed_ns = found.st_ctim.tv_sec * second + found.st_ctim.tv_nsec,
            .inode = found.st_ino};
}

}  // namespace xgrid::worker
