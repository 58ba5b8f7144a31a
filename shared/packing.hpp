// Content made smaller for its way over a slow connection, and whole again. Pure.
//
// The bytes of all pieces of a content are packed together, so that small files share what they
// have in common: into one frame of zstd, which tells its size. How they are parted again follows
// from the pieces: each reaches to its object's end, or as far as a piece can. A frame is from a
// stranger: it is looked at before memory is taken for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid {

/// Of what a frame holds. The most that a giver puts into one content is half of it.
constexpr std::size_t unpacked_bytes_max = 4 * piece_bytes_max;

/// With the bytes of its pieces packed, if that saves a tenth of them or more; else as it is.
Content packed(Content content);

/// Its pieces with their bytes, packed or not. Error: what is wrong with the frame.
Result<std::vector<Piece>> pieces_of(const Content& content);

/// What its pieces take on their way.
std::uint64_t bytes_on_the_way(const Content& content);

}  // namespace xgrid
