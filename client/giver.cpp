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
constexpr auto offer_interval = std::chrono::seconds(3);

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
            offer_at = now + offer_interval;
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
        }
    }
}

void Giver::answer(Dealer& broker, const Want& want) {
    if (want.run != offer_.run) return;
    for (const Content& content : xgrid::answer(shelf_, want)) {
        bytes_ += bytes_on_the_way(content);
        broker.send(encode(content));
    }
}

}  // namespace xgrid::client
