// The slot's end of its socket to the worker: orders in, lines out. If the worker is gone, nothing
// that a test could still do is of use to anyone: the process ends at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "shared/descriptor.hpp"
#include "worker/frameworks/native/talk.hpp"

namespace xgrid::worker::native {

/// What this slot may begin: see worker/permits.hpp, which is the other side.
class OwnPermits {
public:
    explicit OwnPermits(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
    void add(std::size_t count);
    /// Up to so many; how many there were.
    std::size_t take(std::size_t most);
    int get() const { return descriptor_.get(); }

private:
    Descriptor descriptor_;
};

class Channel {
public:
    /// `permits`: for jobs; each order comes with one, which the worker may take back.
    Channel(Descriptor socket, OwnPermits permits);

    /// Collected, and sent with the next flush().
    void say(std::string_view line) { out_ += line; }
    void flush();
    /// All that was said has been sent.
    bool empty() const { return out_.empty(); }
    /// Sends what was said, and waits for an order.
    SlotOrder next_order();

private:
    void look();

    Descriptor socket_;
    OwnPermits permits_;
    std::string text_;
    std::string out_;
    std::deque<SlotOrder> waiting_;
};

}  // namespace xgrid::worker::native
