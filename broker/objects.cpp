#include "broker/objects.hpp"

#include <chrono>

namespace xgrid::broker {
namespace {

Content nothing_of(const Want& want, const std::string& why) {
    Content content{.run = want.run, .turn = want.turn, .last = true, .why = why};
    for (const WantedObject& object : want.objects) content.lacking.push_back(object.id);
    return content;
}

}  // namespace

bool Objects::open() {
    if (hub_) return true;
    if (!folder_.is_absolute()) {
        trouble_ = "the broker has no folder for objects: set XGRID_CACHE_HOME or HOME";
        return false;
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    Result<std::unique_ptr<Store>> store = Store::open(folder_, bytes_max_, now);
    if (!store) {
        trouble_ = "the broker cannot keep objects: " + store.error();
        return false;
    }
    store_ = std::move(*store);
    shelf_.emplace(*store_, folder_);
    hub_.emplace(*shelf_);
    return true;
}

std::optional<Hub::Sends> Objects::receive(Instant now, const std::string& from,
                                           const Message& message) {
    if (const auto* offer = std::get_if<Offer>(&message)) {
        return open() ? hub_->receive(now, from, *offer) : Hub::Sends();
    }
    if (const auto* want = std::get_if<Want>(&message)) {
        if (open()) return hub_->receive(now, from, *want);
        return Hub::Sends{{from, nothing_of(*want, trouble_)}};
    }
    if (const auto* content = std::get_if<Content>(&message)) {
        return open() ? hub_->receive(now, from, *content) : Hub::Sends();
    }
    return std::nullopt;
}

Hub::Sends Objects::keep(Instant now, const std::string& from, const std::string& run,
                         const ObjectId& tree) {
    if (hub_) return hub_->keep(now, from, run, tree);
    return {{from, Kept{run, trouble_}}};
}

Hub::Sends Objects::advance(Instant now) { return hub_ ? hub_->advance(now) : Hub::Sends(); }

}  // namespace xgrid::broker
