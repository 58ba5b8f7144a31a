// A client that gives a tree, a hub, and a worker that fetches it, wired to each other, and a
// stranger who says any want, content or offer to all of them. Shared by the fuzz target and its
// repeatable sister in the unit tests. Throws BrokenInvariant when more is kept than there may be,
// or something is kept that is not what its id says; whatever is said, a step must end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/hub.hpp"
#include "shared/messages.hpp"
#include "tests/shared/memory_shelf.hpp"
#include "worker/tree_fetch.hpp"

namespace xgrid::fuzz {

/// Who says it, as far as the others can tell.
enum class Mouth : std::uint8_t { stranger, client, worker, broker };

class Exchange {
public:
    /// `pack`: the three ask each other to.
    explicit Exchange(bool pack = false);

    /// Names, numbers and ids of `message` are bent to what is there, unless a stranger says it.
    void hear(Message message, Mouth mouth);
    /// So many of the messages that are under way arrive.
    void deliver(std::size_t count);
    void wait(Duration duration);

    /// A tree of the exchange: what its ids can be bent to.
    const std::vector<ObjectId>& ids() const { return ids_; }
    bool fetched() const { return fetch_->complete(); }

private:
    struct Letter {
        std::string from;
        std::string to;
        Message message;
    };
    void begin();
    void bend(Message& message) const;
    void take(const std::string& from, const std::string& to, const Message& message);
    void take(const broker::Hub::Sends& sends);
    void take(const std::vector<Want>& wants);
    void audit() const;

    bool pack_ = false;
    Instant now_{};
    MemoryShelf client_shelf_{"client"};
    MemoryShelf broker_shelf_{"broker"};
    MemoryShelf worker_shelf_{"worker"};
    std::vector<ObjectId> ids_;  // the root is the last
    broker::Hub hub_{broker_shelf_};
    std::optional<worker::TreeFetch> fetch_;
    std::vector<Letter> letters_;
};

/// Decodes it as a tree; what can be decoded is fit to be written and encoded to the same bytes.
void check_tree(std::string_view bytes);

}  // namespace xgrid::fuzz
