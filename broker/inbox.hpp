// What peers have said and nobody has heard yet: a queue for each, heard in turns, so that one who
// says much delays nobody else. Bounded in bytes and messages; what is beyond is lost, as anything
// may be on its way. Pure.
//
// Rejected: libzmq's own bound. It counts messages, of 16 MB each; and libzmq 4.3.4 aborts the
// process when a connection ends whose input it had stopped at that bound (shared/socket.cpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace xgrid::broker {

struct InboxLimits {
    std::size_t peer_messages_max = 20'000;
    std::size_t peer_bytes_max = std::size_t{64} << 20;
    std::size_t bytes_max = std::size_t{256}
                            << 20;  // of all; beyond, who has anything gets no more
};

/// An item has a `peer` and `bytes()`.
template <class Item>
class Inbox {
public:
    /// What an item takes besides its bytes, about.
    static constexpr std::size_t overhead_bytes = 256;

    explicit Inbox(InboxLimits limits = {}) : limits_(limits) {}

    /// False: it is lost.
    bool put(Item item) {
        const std::size_t bytes = item.bytes() + overhead_bytes;
        const auto found = queues_.find(item.peer);
        if (found != queues_.end()) {
            const Queue& queue = found->second;
            if (queue.items.size() >= limits_.peer_messages_max ||
                queue.bytes + bytes > limits_.peer_bytes_max || bytes_ + bytes > limits_.bytes_max)
                return false;
        } else {
            turns_.push_back(item.peer);
        }
        Queue& queue = queues_[item.peer];
        queue.bytes += bytes;
        bytes_ += bytes;
        queue.items.push_back(std::move(item));
        return true;
    }

    /// The oldest one of the peer whose turn it is.
    std::optional<Item> take() {
        if (turns_.empty()) return std::nullopt;
        const auto found = queues_.find(turns_.front());
        Queue& queue = found->second;
        Item item = std::move(queue.items.front());
        queue.items.pop_front();
        const std::size_t bytes = item.bytes() + overhead_bytes;
        queue.bytes -= bytes;
        bytes_ -= bytes;
        if (!queue.items.empty()) {
            turns_.push_back(std::move(turns_.front()));
        } else {
            queues_.erase(found);
        }
        turns_.pop_front();
        return item;
    }

    bool empty() const { return turns_.empty(); }
    std::size_t bytes() const { return bytes_; }

private:
    struct Queue {
        std::deque<Item> items;
        std::size_t bytes = 0;
    };

    InboxLimits limits_;
    std::map<std::string, Queue> queues_;  // none is empty
    std::deque<std::string> turns_;        // each peer that has a queue, once
    std::size_t bytes_ = 0;
};

}  // namespace xgrid::broker
