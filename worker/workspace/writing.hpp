// Writes one file or link where nothing is. Knows nothing of the rest of the tree.
//
// Every file is one of its own: tests may write to it in place. Hard links to a shared store are
// rejected for that; the store's files would have to be read-only, and so would the tests'. Where
// the content is in a file, its blocks are shared if the file system can do that (FICLONE: btrfs,
// xfs), else the kernel copies (copy_file_range), else we do.
//
// Modes are 0644 and 0755 whatever the umask: tests see the same on every worker. Privacy is up to
// the folder above all, which is made with the umask, or for the user alone in the cache.
//
// A file's modification time is that of writing, so that make sees that it is new, but of a later
// second than what had its path before: Python takes compiled code for current by (second, size).
// Two updates within a second give a time that is still to come.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "shared/object_source.hpp"
#include "shared/result.hpp"
#include "worker/descriptor.hpp"
#include "worker/workspace/listing.hpp"

namespace xgrid::worker {

struct Place {
    int folder = -1;
    const ListedEntry& entry;
    std::int64_t later_than = 0;  // second of modification
};

class FileWriter {
public:
    /// All files that it writes must not have more bytes together.
    explicit FileWriter(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    /// Errors name what failed and why, not the file; then nothing is there.
    Result<FileStat> from_source(const Place& place, ObjectSource& source);
    Result<FileStat> from_file(const Place& place, const Descriptor& file);
    /// What is `name` in another folder, which was written before and has the content.
    Result<FileStat> by_moving(const Place& place, int folder, const std::string& name);
    static Result<FileStat> link(const Place& place);

    std::uint64_t bytes() const { return bytes_; }

private:
    Result<FileStat> from_pieces(const Place& place, ObjectSource& source);
    bool may_write(std::uint64_t bytes) { return (bytes_ += bytes) <= bytes_max_; }
    bool copy(const Descriptor& from, const Descriptor& to, std::uint64_t bytes);

    std::uint64_t bytes_max_;
    std::atomic<std::uint64_t> bytes_ = 0;
    std::atomic<bool> clones_ = true;  // as far as is known
    std::atomic<bool> copies_ = true;
};

}  // namespace xgrid::worker
