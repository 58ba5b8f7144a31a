// A file on a disk with one owner: the calls on it, whose errors are values. Knows nothing of what
// it holds.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "shared/descriptor.hpp"
#include "shared/result.hpp"

namespace xgrid {

class File {
public:
    /// With open(2)'s flags; a new file is its user's alone.
    static Result<File> open(const std::filesystem::path& path, int flags) {
        Descriptor descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600));
        if (!descriptor) return trouble("open", path);
        return File(std::move(descriptor), path);
    }
    const std::filesystem::path& path() const { return path_; }
    struct stat facts() const {
        struct stat facts {};
        ::fstat(descriptor_.get(), &facts);
        return facts;
    }
    std::uint64_t size() const { return static_cast<std::uint64_t>(facts().st_size); }

    /// Fills the text, or what the file has of it.
    std::optional<Error> read_at(std::uint64_t offset, std::string& text) const {
        std::size_t done = 0;
        while (done < text.size()) {
            const ssize_t count = ::pread(descriptor_.get(), text.data() + done, text.size() - done,
                                          static_cast<off_t>(offset + done));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return trouble("read", path_);
            if (count == 0) break;
            done += static_cast<std::size_t>(count);
        }
        text.resize(done);
        return std::nullopt;
    }
    std::optional<Error> write_at(std::uint64_t offset, std::string_view text) const {
        while (!text.empty()) {
            const ssize_t count =
                ::pwrite(descriptor_.get(), text.data(), text.size(), static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return trouble("write", path_);
            text.remove_prefix(static_cast<std::size_t>(count));
            offset += static_cast<std::uint64_t>(count);
        }
        return std::nullopt;
    }
    std::optional<Error> resize(std::uint64_t size) const {
        if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) != 0)
            return trouble("resize", path_);
        return std::nullopt;
    }

    /// Until the last copy of the descriptor is closed, by whatever ends the process too. False:
    /// another holds it.
    bool lock() const { return ::flock(descriptor_.get(), LOCK_EX | LOCK_NB) == 0; }
    /// Waits for it.
    bool wait_for_lock() const {
        while (::flock(descriptor_.get(), LOCK_EX) != 0) {
            if (errno != EINTR) return false;
        }
        return true;
    }
    /// Whether the path still leads to this file: who locks a file that others may remove asks
    /// after that.
    bool in_place() const {
        struct stat there {};
        const struct stat own = facts();
        return ::stat(path_.c_str(), &there) == 0 && there.st_ino == own.st_ino &&
               there.st_dev == own.st_dev;
    }

private:
    File(Descriptor descriptor, std::filesystem::path path)
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}
    static Error trouble(std::string_view what, const std::filesystem::path& path) {
        return Error{fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno))};
    }

    Descriptor descriptor_;
    std::filesystem::path path_;
};

}  // namespace xgrid
