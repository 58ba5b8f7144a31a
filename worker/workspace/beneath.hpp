// Reaches what is below one folder: never through a link, never above it, whatever a test made of
// the folder before.
//
// openat2 does that for a whole path in one call; where the kernel (before 5.6) or a filter of
// system calls does not have it, folders are opened one by one, each without following a link.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "worker/descriptor.hpp"
#include "worker/workspace/listing.hpp"

namespace xgrid::worker {

constexpr mode_t folder_mode = 0755;

enum class Lookup { one_call, by_parts };

class Beneath {
public:
    /// With `one_call`, by parts all the same where the kernel cannot do it in one.
    explicit Beneath(Descriptor root, Lookup lookup = Lookup::one_call)
        : root_(std::move(root)), lookup_(lookup) {}

    int root() const { return root_.get(); }

    /// The folder at a path of plain names, the root if it is empty; to be read. None, with errno:
    /// it is not there, or something on the way is no folder.
    Descriptor folder(const std::string& path) const;

    /// A file at such a path, to be read.
    Descriptor file(const std::string& path) const;

private:
    Descriptor open(const std::string& path, int flags) const;

    Descriptor root_;
    Lookup lookup_;
};

/// A folder in another, made readable and writable for its owner if it is not. None, with errno.
Descriptor open_folder(int parent, const char* name);

struct Name {
    std::string text;
    unsigned char type = 0;  // DT_REG and so on
};
/// What is in an open folder, in no order. Nothing, with errno, if it cannot be read.
std::optional<std::vector<Name>> names_in(int folder);

/// Removes what has this name: a folder with all in it, a link itself. What is nested too deeply is
/// moved into the folder `aside` on the way, to be removed from there. False, with errno: not all
/// of it could be removed. It is no error if there is nothing.
bool remove_from(int folder, const std::string& name, int aside);

/// Removes all that is in a folder.
bool empty_folder(int folder);

FileStat stat_of(const struct stat& found);

}  // namespace xgrid::worker
