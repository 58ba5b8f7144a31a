#include "shared/content_limits.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "shared/tree.hpp"

namespace xgrid {

std::string beyond_limits(const Want& want) {
    if (want.run.size() > run_name_bytes_max) return "the run's name is too long";
    if (want.objects.size() > wanted_objects_max) {
        return fmt::format("more than {} objects are wanted at once", wanted_objects_max);
    }
    return {};
}

Content answer_beyond_limits(const Want& want, const std::string& why) {
    Content content{
        .run = want.run.substr(0, run_name_bytes_max), .turn = want.turn, .last = true, .why = why};
    for (std::size_t i = 0; i < std::min(want.objects.size(), wanted_objects_max); ++i) {
        content.lacking.push_back(want.objects[i].id);
    }
    return content;
}

bool can_be(const Piece& piece) {
    const std::uint64_t size_max =
        piece.kind == ObjectKind::tree ? tree_bytes_max : object_bytes_max;
    if (piece.size > size_max || piece.offset > piece.size) return false;
    if (piece.bytes.size() > piece_bytes_max) return false;
    if (piece.bytes.size() > piece.size - piece.offset) return false;
    return !piece.bytes.empty() || piece.offset == piece.size;
}

}  // namespace xgrid
