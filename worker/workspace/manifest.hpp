// What was last written to a workspace, kept beside it in a file, so that the next update touches
// only what differs. Where there is none, or it is damaged, nothing is known and all is written
// again.
//
// The file: a line "xgrid workspace 1"; numbers as eight bytes, texts as their length and bytes, in
// the order of write_manifest; and at the end the git id, as of a blob, of all before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/workspace/listing.hpp"

namespace xgrid::worker {

struct Manifest {
    Listing folders;
    std::uint64_t root_device = 0;  // with the inode: the folder that this is about
    std::uint64_t root_inode = 0;
    std::int64_t finished_ns = 0;     // the folder's own time of change when all was written
    std::int64_t removed_second = 0;  // the newest modification time among what was ever removed
    std::string boot;                 // of the machine, as the kernel names it
    std::vector<std::string> claims;  // names in the root that are xgrid's, in order
};

std::string encode_manifest(const Manifest& manifest);
/// An empty one if the bytes are none.
Manifest decode_manifest(std::string_view bytes);

/// An empty one if there is none.
Manifest read_manifest(const std::string& path);
/// False, with errno: it is as it was before.
bool write_manifest(const std::string& path, const Manifest& manifest);

/// Of the tree that a workspace last held wholly; reads no more than the file's beginning, and
/// checks nothing. A null id if that cannot be told.
ObjectId manifest_tree(const std::string& path);

}  // namespace xgrid::worker
