// Calls on files below a folder that is open, which follow no link on the way down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/stat.h>

#include "client/snapshot/folder.hpp"
#include "shared/descriptor.hpp"

namespace xgrid::client {

FileStamp stamp_of(const struct stat& facts);

/// For reading, never waiting for a device or a pipe. Nothing: errno says why.
Descriptor open_below(int folder, const char* path);

/// Of a file that is open; none: errno says why.
std::optional<FileStamp> stamp_of(const Descriptor& file);

/// Of a link, at most one byte more than a tree may hold; none: errno says why.
std::optional<std::string> link_target(int folder, const char* name);

/// The whole of a file of rules, at most 16 MiB of it; empty if it cannot be read.
std::string read_rules(int folder, const char* path, bool follow_links);

/// Whether errno says that it is not there, or no longer what it was.
bool is_gone(int error);

}  // namespace xgrid::client
