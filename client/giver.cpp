#include "client/giver.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/eventfd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/ensure.hpp"
#include "shared/giving.hpp"
#include "shared/packing.hpp"

namespace xgrid::client {
namespace {

// The broker may have lost its memory; it hears again that there is somebody to ask.
constexpr std::chrono::milliseconds offer_interval = std::chrono::seconds(3);
// Who wants to leave says it again soon: what it waits for may be the run itself, or an answer that
// was lost.
constexpr std::chrono::milliseconds whole_interval = std::chrono::milliseconds(250);

}  // namespace

Giver::Giver(Context& context, std::string endpoint, std::optional<Token> credentials, Offer offer,
             Shelf& shelf)
    : context_(context),
      endpoint_(std::move(endpoint)),
      credentials_(std::move(credentials)),
      offer_(std::move(offer)),
      shelf_(shelf),
      end_(eventfd(0, EFD_CLOEXEC)) {
    if (!end_) throw Fatal(fmt::format("cannot give the tree's content: {}", strerror(errno)));
    thread_ = std::thread([this] { serve(); });
}

Giver::~Giver() {
    eventfd_write(end_.get(), 1);
    thread_.join();
}

void Giver::serve() {
    Dealer broker(context_, endpoint_, credentials_);
    auto offer_at = std::chrono::steady_clock::now();
    while (true) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= offer_at) {
            broker.send(encode(offer_));
            offer_at = now + (offer_.whole && !kept() ? whole_interval : offer_interval);
        }
        std::vector<zmq::pollitem_t> items = {broker.poll_item(),
                                              {nullptr, end_.get(), ZMQ_POLLIN, 0}};
        wait_for(items, offer_at - now);
        if (items[1].revents != 0) return;
        while (const std::optional<Received> received = broker.receive()) {
            Result<Message> message = decode(received->views());
            if (!message) continue;
            if (std::holds_alternative<Welcome>(*message)) offer_at = now;
            if (const auto* want = std::get_if<Want>(&*message)) answer(broker, *want);
            const auto* kept = std::get_if<Kept>(&*message);
            if (kept != nullptr && kept->run == offer_.run) set_kept(kept->why);
        }
    }
}

std::optional<std::string> Giver::kept() const {
    const std::scoped_lock lock(mutex_);
    return kept_;
}

void Giver::set_kept(std::string why) {
    const std::scoped_lock lock(mutex_);
    if (!kept_) kept_ = std::move(why);
}

void Giver::answer(Dealer& broker, const Want& want) {
    if (want.run != offer_.run) return;
    for (const Content& content : xgrid::answer(shelf_, want)) {
        bytes_ += bytes_on_the_way(content);
        broker.send(encode(content));
    }
}

}  // namespace xgrid::client
