#include "broker/hub.hpp"

#include <algorithm>
#include <iterator>

namespace xgrid::broker {

Hub::Run& Hub::run_of(Instant now, const std::string& name) {
    auto found = runs_.find(name);
    if (found == runs_.end()) {
        found = runs_.emplace(name, Run{.asking = Asking(name, shelf_.name())}).first;
    }
    found->second.heard_at = now;
    return found->second;
}

Hub::Sends Hub::receive(Instant now, const std::string& from, const Offer& message) {
    Sends sends;
    Run& run = run_of(now, message.run);
    if (run.client != from) run.asking.begin_anew();
    run.client = from;
    ask(now, run, sends);
    return sends;
}

Hub::Sends Hub::receive(Instant now, const std::string& from, const Want& message) {
    Sends sends;
    Run& run = run_of(now, message.run);
    auto& turns = run.turns[from];
    // Older turns than the one before are given up by whoever asks.
    std::erase_if(turns, [&](const auto& entry) {
        return entry.first == message.turn || entry.first + Asking::turns_under_way <= message.turn;
    });
    turns.emplace(message.turn, Open{.turn = Turn(message.run, message.turn),
                                     .objects = message.objects,
                                     .same_store = message.store == shelf_.name()});
    for (WantedObject& object : shelf_.lacks(message.objects)) {
        object.offset = shelf_.offset(object.id);
        run.asking.want(object);
    }
    serve(from, run, sends);
    ask(now, run, sends);
    return sends;
}

Hub::Sends Hub::receive(Instant now, const std::string& from, const Content& message) {
    Sends sends;
    const auto found = runs_.find(message.run);
    if (found == runs_.end() || found->second.client != from) return sends;
    Run& run = found->second;
    run.heard_at = now;
    const std::vector<Piece> pieces = run.asking.wanted_of(message.pieces);
    const Taken taken = shelf_.take(pieces);
    // What is not what its id says is a file that has changed.
    std::set<ObjectId> lost(taken.damaged.begin(), taken.damaged.end());
    lost.insert(message.lacking.begin(), message.lacking.end());
    for (const ObjectId& id : taken.whole) run.asking.settle(id);
    for (const Piece& piece : pieces) {
        if (!taken.trouble.empty()) {
            lost.insert(piece.id);
        } else if (run.asking.wants(piece.id)) {
            run.asking.has_until(piece.id, shelf_.offset(piece.id));
        }
    }
    for (const ObjectId& id : lost) lose(run, id, taken.trouble);
    run.asking.hear(now, message);
    for (auto& [peer, turns] : run.turns) serve(peer, run, sends);
    ask(now, run, sends);
    return sends;
}

void Hub::lose(Run& run, const ObjectId& id, const std::string& why) {
    run.asking.settle(id);
    for (auto& [peer, turns] : run.turns) {
        for (auto& [number, open] : turns) {
            const auto gone = std::erase_if(
                open.objects, [&](const WantedObject& object) { return object.id == id; });
            if (gone > 0) open.turn.say_lacking(id, why);
        }
    }
}

void Hub::serve(const std::string& peer, Run& run, Sends& sends) {
    auto& turns = run.turns.at(peer);
    for (auto entry = turns.begin(); entry != turns.end();) {
        Open& open = entry->second;
        std::vector<WantedObject> left;
        for (const WantedObject& object : open.objects) {
            if (run.asking.wants(object.id)) {
                left.push_back(object);
            } else if (open.same_store) {
                open.turn.say_stored(object.id);
            } else if (!open.turn.full()) {
                open.turn.give(shelf_, object);
            }
        }
        open.objects = std::move(left);
        const bool last = open.objects.empty() || open.turn.full();
        for (Content& content : open.turn.take(last)) sends.emplace_back(peer, std::move(content));
        entry = last ? turns.erase(entry) : std::next(entry);
    }
}

void Hub::ask(Instant now, Run& run, Sends& sends) {
    if (run.client.empty()) return;
    for (Want& want : run.asking.next(now)) sends.emplace_back(run.client, std::move(want));
}

Hub::Sends Hub::advance(Instant now) {
    Sends sends;
    std::erase_if(runs_,
                  [&](const auto& entry) { return now >= entry.second.heard_at + silence_max; });
    for (auto& [name, run] : runs_) {
        if (now >= run.asking.next_deadline()) ask(now, run, sends);
    }
    return sends;
}

Instant Hub::next_deadline() const {
    Instant next = never;
    for (const auto& [name, run] : runs_) {
        next = std::min(next, run.heard_at + silence_max);
        if (!run.client.empty()) next = std::min(next, run.asking.next_deadline());
    }
    return next;
}

}  // namespace xgrid::broker
