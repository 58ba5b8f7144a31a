#include "shared/secret_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/descriptor.hpp"
#include "shared/file.hpp"

namespace xgrid {
namespace {

constexpr std::uint64_t secret_bytes_max = 1024 * 1024;

}  // namespace

Result<std::optional<std::string>> read_secret(const std::filesystem::path& path) {
    {
        // A pipe would make us wait.
        const Descriptor tried(
            ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (!tried && errno == ENOENT) return std::optional<std::string>();
        if (!tried && errno == ELOOP) {
            return Error{fmt::format("cannot use {}: it is a symbolic link", path.string())};
        }
    }
    Result<File> file = File::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file) return Error{file.error()};
    const struct stat facts = file->facts();
    if (!S_ISREG(facts.st_mode)) {
        return Error{fmt::format("cannot use {}: it is no file", path.string())};
    }
    if (facts.st_uid != ::geteuid()) {
        return Error{fmt::format("cannot use {}: it belongs to another user", path.string())};
    }
    if ((facts.st_mode & 077) != 0) {
        return Error{
            fmt::format("cannot use {}: others can read or change it (chmod 600 it, and if they "
                        "may have read it, use a fresh one)",
                        path.string())};
    }
    if (file->size() > secret_bytes_max) {
        return Error{fmt::format("cannot use {}: it has more than 1 MB", path.string())};
    }
    std::string text(file->size(), '\0');
    if (const std::optional<Error> error = file->read_at(0, text)) return *error;
    return std::optional(std::move(text));
}

Result<bool> write_secret(const std::filesystem::path& path, const std::string& text,
                          Existing existing) {
    const auto trouble = [&] {
        return Error{fmt::format("cannot make {}: {}", path.string(), std::strerror(errno))};
    };
    std::string fresh = path.string() + ".XXXXXX";
    const Descriptor made(::mkostemp(fresh.data(), O_CLOEXEC));
    if (!made) return trouble();
    Result<File> file = File::open(fresh, O_WRONLY);
    std::optional<Error> error = file ? file->write_at(0, text) : Error{file.error()};
    // To the disk, before it has its name.
    if (!error && ::fsync(made.get()) != 0) error = trouble();
    bool written = true;
    if (!error && existing == Existing::replaced) {
        if (std::rename(fresh.c_str(), path.c_str()) == 0) return true;
        error = trouble();
    }
    if (!error && ::link(fresh.c_str(), path.c_str()) != 0) {
        written = false;
        if (errno != EEXIST) error = trouble();
    }
    ::unlink(fresh.c_str());
    if (error) return *error;
    return written;
}

}  // namespace xgrid
