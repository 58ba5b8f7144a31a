#include "worker/workspace/workspaces.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "shared/tree.hpp"
#include "worker/workspace/beneath.hpp"
#include "worker/workspace/manifest.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_letters = 16;
// More runs at once of one project than a machine has cores for.
constexpr int workspaces_max = 1000;

std::string key_of(std::string_view text) {
    return object_id(ObjectKind::blob, text).hex().substr(0, key_letters);
}

std::string name_of(std::string_view project) {
    while (project.ends_with('/')) project.remove_suffix(1);
    const std::string name(project.substr(project.rfind('/') + 1));
    return fit_for_tree(name) && name.size() < 100 ? name : "project";
}

fs::path with(fs::path path, const char* ending) { return path += ending; }

// Nothing: somebody holds it, or, with `error`, there cannot be one.
Descriptor lock(const fs::path& path, std::error_code& error) {
    error.clear();
    for (;;) {
        Descriptor file(
            ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
        if (!file) {
            error.assign(errno, std::generic_category());
            return {};
        }
        if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) error.assign(errno, std::generic_category());
            return {};
        }
        // Who evicted the workspace removed the file as well; then this is a lock on nothing.
        struct stat found = {};
        if (::fstat(file.get(), &found) == 0 && found.st_nlink > 0) return file;
    }
}

struct Candidate {
    fs::path path;
    bool has_tree = false;
    std::int64_t used_ns = 0;
};

std::int64_t used_ns(const fs::path& path) {
    struct stat found = {};
    return ::stat(with(path, ".lock").c_str(), &found) == 0 ? stat_of(found).modified_ns : 0;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// KEY-N of every workspace that is not named by a user; of one project, if a key is given.
std::vector<fs::path> all_in(const fs::path& folder, std::string_view key = {}) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator each(folder, error), end; !error && each != end;
         each.increment(error)) {
        const std::string name = each->path().stem();
        if (each->path().extension() != ".lock" || name.size() <= key_letters + 1) continue;
        if (name[key_letters] != '-' || !is_number(name.substr(key_letters + 1))) continue;
        if (name.starts_with(key)) found.push_back(folder / name);
    }
    return found;
}

std::uint64_t bytes_on_disk(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator each(folder, error), end; !error && each != end;
         each.increment(error)) {
        struct stat found = {};
        if (::lstat(each->path().c_str(), &found) == 0) {
            bytes += static_cast<std::uint64_t>(found.st_blocks) * 512;
        }
    }
    return bytes;
}

// Whose lock is held. What is left if this ends early is a workspace of which nothing is known.
void remove_workspace(const fs::path& path) {
    ::unlink((path / "manifest").c_str());
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (folder && !empty_folder(folder.get())) return;
    ::rmdir(path.c_str());
    ::unlink(with(path, ".lock").c_str());
}

// Whatever tests made of it: removed it, took its permissions, put a link in its place.
std::error_code make_usable(const fs::path& parent, const std::string& name) {
    std::error_code error;
    fs::create_directories(parent, error);
    if (error) return error;
    const Descriptor above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!above) return {errno, std::generic_category()};
    if (open_folder(above.get(), name.c_str())) return error;
    if (errno == ENOTDIR || errno == ELOOP) ::unlinkat(above.get(), name.c_str(), 0);
    if (::mkdirat(above.get(), name.c_str(), folder_mode) == 0) return error;
    return {errno, std::generic_category()};
}

Error failure(std::string_view what, const fs::path& path, const std::error_code& error) {
    return Error{fmt::format("cannot {} {}: {}", what, path.native(), error.message())};
}

}  // namespace

Workspaces::Workspaces(const fs::path& cache) : folder_(cache / "workspaces") {}

Result<Workspace> Workspaces::of_project(std::string_view project, const ObjectId& tree) const {
    std::error_code error;
    const std::string key = key_of(project);
    if (fs::create_directories(folder_, error)) ::chmod(folder_.c_str(), 0700);
    if (error) return failure("make", folder_, error);

    std::vector<Candidate> candidates;
    for (const fs::path& path : all_in(folder_, key)) {
        candidates.push_back({path, manifest_tree(path / "manifest") == tree, used_ns(path)});
    }
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
        return std::pair(a.has_tree, a.used_ns) > std::pair(b.has_tree, b.used_ns);
    });
    for (int n = 1; n <= workspaces_max; ++n) {
        candidates.push_back({folder_ / fmt::format("{}-{}", key, n)});
    }
    for (const Candidate& candidate : candidates) {
        Descriptor locked = lock(with(candidate.path, ".lock"), error);
        if (error) return failure("lock", candidate.path, error);
        if (!locked) continue;
        const fs::path folder = candidate.path / name_of(project);
        error = make_usable(candidate.path, folder.filename());
        if (error) return failure("use", folder, error);
        return Workspace({folder, candidate.path / "manifest"}, std::move(locked));
    }
    return Error{
        fmt::format("cannot give a workspace to {}: all {} are in use", project, workspaces_max)};
}

Result<Workspace> Workspaces::at(const fs::path& folder) const {
    std::error_code error;
    if (fs::create_directories(folder_, error)) ::chmod(folder_.c_str(), 0700);
    if (error) return failure("make", folder_, error);
    fs::create_directories(folder, error);
    if (error) return failure("make", folder, error);
    const fs::path real = fs::canonical(folder, error);
    if (error) return failure("find", folder, error);

    const fs::path own = folder_ / ("named-" + key_of(real.native()));
    Descriptor locked = lock(with(own, ".lock"), error);
    if (error) return failure("lock", own, error);
    if (!locked) {
        return Error{fmt::format("cannot use {}: another run uses it", real.native())};
    }
    return Workspace({real, with(own, ".manifest"), true}, std::move(locked));
}

std::uint64_t Workspaces::evict(std::uint64_t bytes_max) const {
    struct Room {
        std::int64_t used_ns = 0;
        fs::path path;
        std::uint64_t bytes = 0;
    };
    std::vector<Room> rooms;
    std::uint64_t bytes = 0;
    for (const fs::path& path : all_in(folder_)) {
        rooms.push_back({used_ns(path), path, bytes_on_disk(path)});
        bytes += rooms.back().bytes;
    }
    std::ranges::sort(rooms, {}, &Room::used_ns);
    for (const Room& room : rooms) {
        if (bytes <= bytes_max) break;
        std::error_code error;
        const Descriptor locked = lock(with(room.path, ".lock"), error);
        if (!locked) continue;
        remove_workspace(room.path);
        bytes -= room.bytes - std::min(room.bytes, bytes_on_disk(room.path));
    }
    return bytes;
}

}  // namespace xgrid::worker
