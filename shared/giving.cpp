#include "shared/giving.hpp"

#include "shared/content_limits.hpp"
#include "shared/packing.hpp"

namespace xgrid {

Content& Turn::content() {
    if (contents_.empty() || pending_ >= piece_bytes_max) {
        contents_.push_back({.run = run_, .turn = number_});
        pending_ = 0;
    }
    return contents_.back();
}

void Turn::say_lacking(const ObjectId& id, const std::string& why) {
    content().lacking.push_back(id);
    if (!why.empty()) content().why = why;
}

bool Turn::give(Shelf& shelf, const WantedObject& object) {
    Result<Piece> piece = shelf.read(object, piece_bytes_max);
    if (!piece) return false;
    const std::uint64_t bytes = piece->bytes.size();
    content().pieces.push_back(std::move(*piece));
    pending_ += bytes;
    given_ += bytes;
    return true;
}

std::vector<Content> Turn::take(bool last) {
    if (last) content().last = true;
    pending_ = 0;
    std::vector<Content> taken = std::exchange(contents_, {});
    if (!pack_) return taken;
    for (Content& content : taken) content = packed(std::move(content));
    return taken;
}

std::vector<Content> answer(Shelf& shelf, const Want& want) {
    const std::string why = beyond_limits(want);
    if (!why.empty()) return {answer_beyond_limits(want, why)};
    Turn turn(want.run, want.turn, want.pack);
    for (const WantedObject& object : want.objects) {
        if (turn.full()) break;
        if (!turn.give(shelf, object)) turn.say_lacking(object.id);
    }
    return turn.take(true);
}

}  // namespace xgrid
