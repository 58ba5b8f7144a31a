#include "broker/hub.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "shared/content_limits.hpp"
#include "shared/packing.hpp"

namespace xgrid::broker {

Hub::Run& Hub::run_of(Instant now, const std::string& name) {
    auto found = runs_.find(name);
    if (found == runs_.end()) {
        found = runs_.emplace(name, Run{.asking = Asking(name, shelf_.name())}).first;
        if (runs_.size() > runs_max) forget_quietest(name);
    }
    found->second.heard_at = now;
    return found->second;
}

void Hub::forget_quietest(const std::string& but) {
    auto quietest = runs_.end();
    for (auto run = runs_.begin(); run != runs_.end(); ++run) {
        if (run->first == but) continue;
        if (quietest == runs_.end() || run->second.heard_at < quietest->second.heard_at) {
            quietest = run;
        }
    }
    turns_ -= quietest->second.turns.size();
    runs_.erase(quietest);
}

void Hub::open(Run& run, Open open) {
    // It is said again.
    turns_ -= std::erase_if(run.turns, [&](const Open& other) {
        return other.peer == open.peer && other.number == open.number;
    });
    // Older turns than the one before are given up by whoever asks.
    const auto of_peer = [&](const Open& other) { return other.peer == open.peer; };
    while (static_cast<std::size_t>(std::ranges::count_if(run.turns, of_peer)) >=
           Asking::turns_under_way) {
        run.turns.erase(std::ranges::find_if(run.turns, of_peer));
        --turns_;
    }
    run.turns.push_back(std::move(open));
    ++turns_;
    if (turns_ <= turns_max) return;
    drop_oldest(std::ranges::max_element(runs_, {}, [](const auto& entry) {
                    return entry.second.turns.size();
                })->second);
}

void Hub::drop_oldest(Run& run) {
    run.turns.pop_front();
    --turns_;
}

// What only turns wanted that are gone is not asked for. Looked at when there can be much of it.
void Hub::prune(Run& run) {
    std::size_t open = 0;
    for (const Open& turn : run.turns) open += turn.objects.size();
    if (run.keeping) open += run.keeping->missing().size();
    if (run.asking.size() <= 2 * (open + wanted_objects_max)) return;
    std::set<ObjectId> ids;
    for (const Open& turn : run.turns) {
        for (const WantedObject& object : turn.objects) ids.insert(object.id);
    }
    if (run.keeping) ids.insert(run.keeping->missing().begin(), run.keeping->missing().end());
    run.asking.keep_only(ids);
}

std::size_t Hub::wanted() const {
    std::size_t wanted = 0;
    for (const auto& [name, run] : runs_) wanted += run.asking.size();
    return wanted;
}

Hub::Sends Hub::receive(Instant now, const std::string& from, const Offer& message) {
    Sends sends;
    if (message.run.size() > run_name_bytes_max) return sends;
    Run& run = run_of(now, message.run);
    if (run.client != from) run.asking.begin_anew();
    run.client = from;
    run.asking.pack(message.pack);
    ask(now, run, sends);
    return sends;
}

Hub::Sends Hub::keep(Instant now, const std::string& from, const std::string& name,
                     const ObjectId& tree) {
    Sends sends;
    const auto found = runs_.find(name);
    if (found == runs_.end() || found->second.client != from) return sends;
    Run& run = found->second;
    if (!run.keeping || run.keeping->root() != tree) run.keeping.emplace(tree, shelf_);
    go_on_keeping(name, run, sends);
    ask(now, run, sends);
    return sends;
}

// Said each time that it is asked for: any message may be lost.
void Hub::go_on_keeping(const std::string& name, Run& run, Sends& sends) {
    for (const WantedObject& object : run.keeping->take_wanted()) run.asking.want(object);
    if (run.keeping->over()) sends.emplace_back(run.client, Kept{name, run.keeping->error()});
}

Hub::Sends Hub::receive(Instant now, const std::string& from, const Want& message) {
    if (const std::string why = beyond_limits(message); !why.empty()) {
        return {{from, answer_beyond_limits(message, why)}};
    }
    Sends sends;
    Run& run = run_of(now, message.run);
    open(run, {.peer = from,
               .turn = Turn(message.run, message.turn, message.pack),
               .number = message.turn,
               .objects = message.objects,
               .same_store = message.store == shelf_.name()});
    for (WantedObject& object : shelf_.lacks(message.objects)) {
        object.offset = shelf_.offset(object.id);
        run.asking.want(object);
    }
    prune(run);
    serve(from, run, sends);
    ask(now, run, sends);
    return sends;
}

Hub::Sends Hub::receive(Instant now, const std::string& from, const Content& message) {
    Sends sends;
    const auto found = runs_.find(message.run);
    if (found == runs_.end() || found->second.client != from) return sends;
    Run& run = found->second;
    // As if it had never come: the turn is asked for again.
    Result<std::vector<Piece>> all = pieces_of(message);
    if (!all) return sends;
    run.heard_at = now;
    std::vector<Piece> pieces = run.asking.wanted_of(std::move(*all));
    // What is not what its id says is a file that has changed.
    std::set<ObjectId> lost;
    std::erase_if(pieces, [&](const Piece& piece) {
        if (!can_be(piece)) lost.insert(piece.id);
        return lost.contains(piece.id);
    });
    const Taken taken = shelf_.take(pieces);
    lost.insert(taken.damaged.begin(), taken.damaged.end());
    lost.insert(message.lacking.begin(), message.lacking.end());
    for (const ObjectId& id : taken.whole) run.asking.settle(id);
    for (const Piece& piece : pieces) {
        if (!taken.trouble.empty()) {
            lost.insert(piece.id);
        } else if (run.asking.wants(piece.id)) {
            run.asking.has_until(piece.id, shelf_.offset(piece.id));
        }
    }
    const bool keeps = run.keeping && !run.keeping->over();
    for (const ObjectId& id : lost) lose(run, id, taken.trouble);
    if (keeps) {
        for (const ObjectId& id : taken.whole) run.keeping->arrived(id);
        go_on_keeping(message.run, run, sends);
    }
    run.asking.hear(now, message);
    serve({}, run, sends);
    ask(now, run, sends);
    return sends;
}

void Hub::lose(Run& run, const ObjectId& id, const std::string& why) {
    run.asking.settle(id);
    if (run.keeping) run.keeping->lost(id, why);
    for (Open& open : run.turns) {
        const auto gone = std::erase_if(
            open.objects, [&](const WantedObject& object) { return object.id == id; });
        if (gone > 0) open.turn.say_lacking(id, why);
    }
}

void Hub::serve(const std::string& peer, Run& run, Sends& sends) {
    std::erase_if(run.turns, [&](Open& open) {
        if (!peer.empty() && open.peer != peer) return false;
        std::vector<WantedObject> left;
        for (const WantedObject& object : open.objects) {
            if (run.asking.wants(object.id)) {
                left.push_back(object);
            } else if (open.same_store) {
                open.turn.say_stored(object.id);
            } else if (!open.turn.full()) {
                give(run, open, object, left);
            }
        }
        open.objects = std::move(left);
        const bool last = open.objects.empty() || open.turn.full();
        for (Content& content : open.turn.take(last)) {
            sends.emplace_back(open.peer, std::move(content));
        }
        if (last) --turns_;
        return last;
    });
}

// A shelf that is full may have let go of what came a moment ago: then it comes again.
void Hub::give(Run& run, Open& open, const WantedObject& object, std::vector<WantedObject>& left) {
    if (open.turn.give(shelf_, object)) return;
    if (open.again >= wanted_objects_max || shelf_.lacks({object}).empty()) {
        return open.turn.say_lacking(object.id);
    }
    ++open.again;
    left.push_back(object);
    run.asking.want({object.id, object.kind, shelf_.offset(object.id)});
}

void Hub::ask(Instant now, Run& run, Sends& sends) {
    if (run.client.empty()) return;
    for (Want& want : run.asking.next(now)) sends.emplace_back(run.client, std::move(want));
}

Hub::Sends Hub::advance(Instant now) {
    Sends sends;
    std::erase_if(runs_, [&](const auto& entry) {
        if (now < entry.second.heard_at + silence_max) return false;
        turns_ -= entry.second.turns.size();
        return true;
    });
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
