// Gives the run's objects to the broker when it asks, on a thread and a connection of its own:
// neither a slow disk nor a large tree keeps the run's events waiting. Owns both.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "shared/descriptor.hpp"
#include "shared/messages.hpp"
#include "shared/shelf.hpp"
#include "shared/socket.hpp"

namespace xgrid::client {

class Giver {
public:
    /// `shelf` is used by the thread alone, which ends with the giver.
    Giver(Context& context, std::string endpoint, std::optional<Token> credentials, Offer offer,
          Shelf& shelf);
    Giver(const Giver&) = delete;
    Giver& operator=(const Giver&) = delete;
    ~Giver();

    /// So far, of content, as it was sent: packed, or not.
    std::uint64_t bytes_given() const { return bytes_; }
    /// Of an offer of all: the broker keeps it, or why it does not; none: that is not known yet.
    std::optional<std::string> kept() const;

private:
    void serve();
    void set_kept(std::string why);
    void answer(Dealer& broker, const Want& want);

    Context& context_;
    std::string endpoint_;
    std::optional<Token> credentials_;
    Offer offer_;
    Shelf& shelf_;
    std::atomic<std::uint64_t> bytes_ = 0;
    mutable std::mutex mutex_;
    std::optional<std::string> kept_;  // under the mutex
    Descriptor end_;                   // an eventfd: the thread is to end
    std::thread thread_;
};

}  // namespace xgrid::client
