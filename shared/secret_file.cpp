#include "shared/secret_file.hpp"

#include <cerrno>
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

}  // namespace xgrid
