#include "worker/frameworks/native/channel.hpp"

#include <array>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "worker/descriptor.hpp"

namespace xgrid::worker::native {

void OwnPermits::add(std::size_t count) {
    // Fails only when nearly 2^64 are there.
    if (count > 0) [[maybe_unused]]
        const int added = eventfd_write(descriptor_.get(), count);
}

std::size_t OwnPermits::take(std::size_t most) {
    std::size_t taken = 0;
    for (eventfd_t one = 0; taken < most; ++taken) {
        if (eventfd_read(descriptor_.get(), &one) != 0) break;
    }
    return taken;
}

Channel::Channel(Descriptor socket, OwnPermits permits)
    : socket_(std::move(socket)), permits_(std::move(permits)) {}

void Channel::flush() {
    std::string_view left = out_;
    while (!left.empty()) {
        const ssize_t count = send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) _exit(1);
        left.remove_prefix(static_cast<std::size_t>(count));
    }
    out_.clear();
}

SlotOrder Channel::next_order() {
    flush();
    while (permits_.take(1) == 0) {
        std::array<pollfd, 2> watched = {
            pollfd{.fd = socket_.get(), .events = POLLIN, .revents = 0},
            pollfd{.fd = permits_.get(), .events = POLLIN, .revents = 0}};
        poll(watched.data(), watched.size(), -1);
        look();
    }
    // A permit comes when its order has been sent, and so has all that was withdrawn before.
    look();
    if (waiting_.empty()) _exit(1);
    SlotOrder order = std::move(waiting_.front());
    waiting_.pop_front();
    return order;
}

void Channel::look() {
    pollfd watched{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    while (poll(&watched, 1, 0) > 0) {
        if (read_some(socket_, text_) == ReadEnd::end) _exit(1);
    }
    std::size_t from = 0;
    for (std::size_t to = 0; (to = text_.find('\n', from)) != std::string::npos; from = to + 1) {
        Result<SlotOrder> order = read_slot_order(std::string_view(text_).substr(from, to - from));
        if (!order) _exit(1);
        if (order->withdrawn) {
            std::erase_if(waiting_, [&](const auto& one) { return one.job == order->job; });
        } else {
            waiting_.push_back(*std::move(order));
        }
    }
    text_.erase(0, from);
}

}  // namespace xgrid::worker::native
