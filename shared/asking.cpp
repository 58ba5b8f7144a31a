#include "shared/asking.hpp"

#include <algorithm>
#include <utility>

namespace xgrid {

void Asking::want(const WantedObject& object) {
    const auto [found, fresh] =
        wanted_.try_emplace(object.id, Object{.kind = object.kind, .offset = object.offset});
    if (!fresh) return;
    (object.kind == ObjectKind::tree ? trees_ : blobs_).push_back(object.id);
}

std::vector<Piece> Asking::wanted_of(std::vector<Piece> pieces) const {
    std::erase_if(pieces, [&](const Piece& piece) { return !wants(piece.id); });
    return pieces;
}

void Asking::keep_only(const std::set<ObjectId>& ids) {
    std::erase_if(wanted_, [&](const auto& entry) { return !ids.contains(entry.first); });
    for (std::deque<ObjectId>* waiting : {&trees_, &blobs_}) {
        std::erase_if(*waiting, [&](const ObjectId& id) { return !wants(id); });
    }
}

void Asking::has_until(const ObjectId& id, std::uint64_t offset) {
    const auto found = wanted_.find(id);
    if (found != wanted_.end()) found->second.offset = offset;
}

void Asking::hear(Instant now, const Content& content) {
    heard_at_ = now;
    if (content.last) give_up(content.turn);
}

void Asking::begin_anew() {
    while (!turns_.empty()) give_up(turns_.begin()->first);
}

// What it was to bring and did not waits again, ahead of what was never asked for.
void Asking::give_up(std::uint64_t turn) {
    const auto found = turns_.find(turn);
    if (found == turns_.end()) return;
    std::ranges::reverse(found->second);
    for (const ObjectId& id : found->second) {
        const auto object = wanted_.find(id);
        if (object == wanted_.end() || object->second.turn != turn) continue;
        object->second.turn = 0;
        (object->second.kind == ObjectKind::tree ? trees_ : blobs_).push_front(id);
    }
    turns_.erase(found);
}

std::vector<Want> Asking::next(Instant now) {
    if (now >= next_deadline()) begin_anew();
    std::vector<Want> wants;
    while (turns_.size() < turns_under_way) {
        const std::uint64_t turn = last_turn_ + 1;
        Want want{.run = run_, .turn = turn, .store = store_, .pack = pack_};
        std::vector<ObjectId> ids;
        for (std::deque<ObjectId>* waiting : {&trees_, &blobs_}) {
            while (!waiting->empty() && ids.size() < objects_per_turn) {
                const ObjectId id = waiting->front();
                waiting->pop_front();
                const auto object = wanted_.find(id);
                if (object == wanted_.end() || object->second.turn != 0) continue;
                object->second.turn = turn;
                ids.push_back(id);
                want.objects.push_back({id, object->second.kind, object->second.offset});
            }
        }
        if (ids.empty()) break;
        if (turns_.empty()) heard_at_ = now;
        turns_.emplace(turn, std::move(ids));
        last_turn_ = turn;
        wants.push_back(std::move(want));
    }
    return wants;
}

}  // namespace xgrid
