#include "worker/workspace/writing.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "worker/workspace/beneath.hpp"

namespace xgrid::worker {
namespace {

mode_t mode_of(EntryKind kind) { return kind == EntryKind::executable ? 0755 : 0644; }

Error failure(const char* what) { return Error{fmt::format("{}: {}", what, std::strerror(errno))}; }

Descriptor create(const Place& place) {
    return Descriptor(::openat(place.folder, place.entry.name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                               mode_of(place.entry.kind)));
}

bool write_all(const Descriptor& to, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(to.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

// What the file system made of mode and time is put right, if it must be.
Result<FileStat> finish(const Place& place, const Descriptor& file, struct stat written) {
    const mode_t mode = mode_of(place.entry.kind);
    const std::int64_t now = written.st_mtim.tv_sec;
    // Further ahead, the clock was set back: then any time will do.
    const bool too_early = now <= place.later_than && place.later_than <= now + seconds_ahead_max;
    const bool other_mode = (written.st_mode & 07777) != mode;
    if (!other_mode && !too_early) return stat_of(written);

    if (other_mode && ::fchmod(file.get(), mode) != 0) return failure("cannot set its mode");
    const timespec later[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                              {.tv_sec = place.later_than + 1, .tv_nsec = 0}};
    if (too_early && ::futimens(file.get(), later) != 0) return failure("cannot set its time");
    if (::fstat(file.get(), &written) != 0) return failure("cannot look at it");
    return stat_of(written);
}

Result<FileStat> finish(const Place& place, const Descriptor& file) {
    struct stat written = {};
    if (::fstat(file.get(), &written) != 0) return failure("cannot look at it");
    return finish(place, file, written);
}

Result<FileStat> or_nothing(const Place& place, Result<FileStat> written) {
    if (!written) ::unlinkat(place.folder, place.entry.name.c_str(), 0);
    return written;
}

}  // namespace

Result<FileStat> FileWriter::from_source(const Place& place, ObjectSource& source) {
    const std::string path = source.file_of(place.entry.id);
    if (!path.empty()) {
        const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        if (file) return from_file(place, file);
    }
    return from_pieces(place, source);
}

Result<FileStat> FileWriter::from_pieces(const Place& place, ObjectSource& source) {
    const Descriptor file = create(place);
    if (!file) return failure("cannot create it");
    std::uint64_t taken = 0;
    Error error;
    const auto take = [&](std::string_view piece) {
        if (!may_write(piece.size())) {
            error.text = fmt::format("the tree has more than {} bytes", bytes_max_);
        } else if (!write_all(file, piece)) {
            error = failure("cannot write it");
        }
        taken += piece.size();
        return error.text.empty();
    };
    Result<std::uint64_t> size = source.blob(place.entry.id, take);
    if (error.text.empty() && !size) error.text = size.error();
    if (error.text.empty() && *size != taken) error.text = "its content is cut off";
    return or_nothing(place, error.text.empty() ? finish(place, file) : error);
}

Result<FileStat> FileWriter::from_file(const Place& place, const Descriptor& from) {
    struct stat found = {};
    if (::fstat(from.get(), &found) != 0) return failure("cannot look at its source");
    const auto bytes = static_cast<std::uint64_t>(found.st_size);
    if (!may_write(bytes)) {
        return Error{fmt::format("the tree has more than {} bytes", bytes_max_)};
    }
    const Descriptor file = create(place);
    if (!file) return failure("cannot create it");
    if (!copy(from, file, bytes)) return or_nothing(place, failure("cannot copy it"));
    return or_nothing(place, finish(place, file));
}

Result<FileStat> FileWriter::by_moving(const Place& place, int folder, const std::string& name) {
    const char* own_name = place.entry.name.c_str();
    if (::renameat(folder, name.c_str(), place.folder, own_name) != 0) {
        return failure("cannot move it");
    }
    // It was written long ago, and is new here.
    const timespec now[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                            {.tv_sec = 0, .tv_nsec = UTIME_NOW}};
    struct stat moved = {};
    if (::utimensat(place.folder, own_name, now, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fstatat(place.folder, own_name, &moved, AT_SYMLINK_NOFOLLOW) != 0) {
        return failure("cannot set its time");
    }
    if ((moved.st_mode & 07777) == mode_of(place.entry.kind) &&
        moved.st_mtim.tv_sec > place.later_than) {
        return stat_of(moved);
    }
    const Descriptor file(
        ::openat(place.folder, own_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return failure("cannot open it");
    return or_nothing(place, finish(place, file, moved));
}

Result<FileStat> FileWriter::link(const Place& place) {
    const char* name = place.entry.name.c_str();
    if (::symlinkat(place.entry.target.c_str(), place.folder, name) != 0) {
        return failure("cannot make the link");
    }
    struct stat made = {};
    if (::fstatat(place.folder, name, &made, AT_SYMLINK_NOFOLLOW) != 0) {
        return failure("cannot look at the link");
    }
    return stat_of(made);
}

bool FileWriter::copy(const Descriptor& from, const Descriptor& to, std::uint64_t bytes) {
    if (clones_ && bytes > 0) {
        if (::ioctl(to.get(), FICLONE, from.get()) == 0) return true;
        clones_ = false;
    }
    std::uint64_t copied = 0;
    while (copies_ && copied < bytes) {
        const ssize_t count =
            ::copy_file_range(from.get(), nullptr, to.get(), nullptr, bytes - copied, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && copied == 0) copies_ = false;
        if (count <= 0) break;
        copied += static_cast<std::uint64_t>(count);
    }
    std::string piece(copied < bytes ? std::min<std::uint64_t>(bytes, 1024 * 1024) : 0, '\0');
    while (copied < bytes) {
        const ssize_t count = ::read(from.get(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count == 0) errno = EIO;  // it was longer a moment ago
        if (count <= 0) return false;
        if (!write_all(to, {piece.data(), static_cast<std::size_t>(count)})) return false;
        copied += static_cast<std::uint64_t>(count);
    }
    return true;
}

}  // namespace xgrid::worker
