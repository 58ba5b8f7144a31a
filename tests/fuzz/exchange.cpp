#include "tests/fuzz/exchange.hpp"

#include <algorithm>

#include "shared/ensure.hpp"
#include "shared/giving.hpp"
#include "shared/packing.hpp"
#include "shared/tree.hpp"

namespace xgrid::fuzz {
namespace {

const std::string run = "run";
// Of those that nobody has taken in: more are lost.
constexpr std::size_t letters_max = 64;
constexpr std::size_t partial_bytes_max = 64 * 1024 * 1024;

std::string peer_of(Mouth mouth) {
    switch (mouth) {
        case Mouth::client: return "client";
        case Mouth::worker: return "worker";
        default: return "stranger";
    }
}

void check_shelf(const MemoryShelf& shelf) {
    std::size_t bytes = 0;
    for (const auto& [id, text] : shelf.partial) bytes += text.size();
    ensure(bytes <= partial_bytes_max, "what is half there is little");
}

}  // namespace

Exchange::Exchange(bool pack) : pack_(pack) {
    std::vector<TreeEntry> entries;
    for (const char* name : {"a", "b", "c", "d"}) {
        ids_.push_back(client_shelf_.add(ObjectKind::blob, name));
        entries.push_back({name, EntryKind::file, ids_.back()});
    }
    ids_.push_back(client_shelf_.add(ObjectKind::tree, encode_tree(entries)));
    ids_.push_back(client_shelf_.add(ObjectKind::blob, std::string(2'500'000, 'x')));
    ids_.push_back(client_shelf_.add(
        ObjectKind::tree,
        encode_tree({{"large", EntryKind::file, ids_[5]}, {"sub", EntryKind::folder, ids_[4]}})));
    begin();
}

void Exchange::begin() {
    worker_shelf_.objects.clear();
    worker_shelf_.partial.clear();
    fetch_.emplace(run, ids_.back(), worker_shelf_);
    fetch_->pack(pack_);
    take(hub_.receive(now_, "client", Offer{run, pack_}));
    take(fetch_->connect(now_));
}

void Exchange::hear(Message message, Mouth mouth) {
    if (mouth != Mouth::stranger) bend(message);
    const std::string from = peer_of(mouth);
    if (mouth != Mouth::broker) take(from, "broker", message);
    if (mouth == Mouth::broker || mouth == Mouth::stranger) {
        take("broker", "worker", message);
        take("broker", "client", message);
    }
    audit();
}

void Exchange::deliver(std::size_t count) {
    for (; count > 0 && !letters_.empty(); --count) {
        const Letter letter = std::move(letters_.front());
        letters_.erase(letters_.begin());
        take(letter.from, letter.to, letter.message);
        audit();
    }
}

void Exchange::wait(Duration duration) {
    now_ += duration;
    // Else its first error would be the end of the exchange.
    if (!fetch_->error().empty() || fetch_->complete()) begin();
    take(hub_.advance(now_));
    ensure(hub_.next_deadline() > now_, "a hub that was advanced has nothing due");
    take(fetch_->advance(now_));
    ensure(fetch_->next_deadline() > now_, "a fetch that was advanced has nothing due");
    audit();
}

void Exchange::bend(Message& message) const {
    const auto bent = [&](const ObjectId& id) {
        const std::size_t place = id.bytes[0];
        return place < ids_.size() ? ids_[place] : id;
    };
    if (auto* offer = std::get_if<Offer>(&message)) offer->run = run;
    if (auto* want = std::get_if<Want>(&message)) {
        want->run = run;
        for (WantedObject& object : want->objects) object.id = bent(object.id);
    }
    if (auto* content = std::get_if<Content>(&message)) {
        content->run = run;
        content->turn %= 8;
        for (Piece& piece : content->pieces) piece.id = bent(piece.id);
        for (ObjectId& id : content->stored) id = bent(id);
        for (ObjectId& id : content->lacking) id = bent(id);
    }
}

void Exchange::take(const std::string& from, const std::string& to, const Message& message) {
    if (to == "broker") {
        if (const auto* offer = std::get_if<Offer>(&message)) {
            take(hub_.receive(now_, from, *offer));
        } else if (const auto* want = std::get_if<Want>(&message)) {
            take(hub_.receive(now_, from, *want));
        } else if (const auto* content = std::get_if<Content>(&message)) {
            take(hub_.receive(now_, from, *content));
        }
    } else if (to == "worker") {
        if (const auto* content = std::get_if<Content>(&message)) {
            take(fetch_->receive(now_, *content));
        }
    } else if (const auto* want = std::get_if<Want>(&message); want != nullptr && to == "client") {
        for (Content& content : answer(client_shelf_, *want)) {
            letters_.push_back({"client", "broker", std::move(content)});
        }
    }
    while (letters_.size() > letters_max) letters_.erase(letters_.begin());
}

void Exchange::take(const broker::Hub::Sends& sends) {
    for (const auto& [peer, message] : sends) letters_.push_back({"broker", peer, message});
}

void Exchange::take(const std::vector<Want>& wants) {
    for (const Want& want : wants) letters_.push_back({"worker", "broker", want});
}

void Exchange::audit() const {
    ensure(hub_.runs() <= broker::Hub::runs_max, "a hub has not too many runs");
    ensure(hub_.turns() <= broker::Hub::turns_max, "a hub has not too many turns");
    ensure(hub_.wanted() <= 2 * wanted_objects_max * (hub_.turns() + 2 * hub_.runs() + 1),
           "a hub asks for what is wanted, and little else");
    check_shelf(broker_shelf_);
    check_shelf(worker_shelf_);
    ensure(std::ranges::all_of(worker_shelf_.objects,
                               [&](const auto& entry) {
                                   return std::ranges::find(ids_, entry.first) != ids_.end();
                               }),
           "a worker keeps what its tree holds, and nothing else");
    if (!fetch_->complete()) return;
    ensure(worker_shelf_.objects.size() == ids_.size(),
           "a tree is complete when all of it is there");
}

void check_tree(std::string_view bytes) {
    Result<std::vector<TreeEntry>> entries = decode_tree(bytes);
    if (!entries) return;
    ensure(encode_tree(*entries) == bytes, "a tree has one form");
    ensure(std::ranges::all_of(*entries,
                               [](const TreeEntry& entry) { return fit_for_tree(entry.name); }),
           "the names of a tree are fit to be written");
}

}  // namespace xgrid::fuzz
