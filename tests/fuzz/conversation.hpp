// The three cores, live and wired to each other, and a stranger who says anything that can be
// decoded. Shared by the fuzz target and its repeatable sister in the unit tests. Throws
// BrokenInvariant when a rule does not hold; whatever is said, a step must end.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/broker.hpp"
#include "client/client.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"
#include "worker/worker.hpp"

namespace xgrid::fuzz {

/// Whose words the stranger's are.
enum class Voice : std::uint8_t {
    stranger,  // just as they come: most names mean nothing to those who hear them
    insider,   // names, numbers and places are bent to what is there, so that they mean something
};

class Conversation {
public:
    Conversation();

    /// All three cores hear it, and whatever they say to each other because of it.
    void hear(Message message, Voice voice);
    /// Time passes; what is due is done.
    void wait(Duration duration);

private:
    struct Target {
        std::string run;
        AttemptId id;
        std::uint64_t recorded = 0;
        std::size_t tests = 0;
    };

    void to_broker(const std::string& peer, Message message);
    void to_worker(Message message);
    void to_client(const Message& message);
    void settle();
    void take(const broker::Effects& effects);
    void take(const worker::Effects& effects);
    void take(const client::Effects& effects);
    void play_slots(const Status& status);
    void audit() const;

    std::vector<Target> targets() const;
    void bend(Message& message);

    Instant now_;
    broker::Broker broker_;
    worker::Worker worker_;
    client::Client client_;
    std::set<std::string> runs_;  // that were submitted
    std::uint64_t last_status_ = 0;
    std::uint64_t last_orders_ = 0;
    std::map<AttemptId, worker::SlotKey> given_;  // jobs, to the worker's slots
    std::vector<worker::SlotKey> ending_;         // slots that were told to end
    std::vector<std::pair<std::string, Message>> on_the_way_;
};

/// Checks that what was decoded is encoded and decoded to the same.
void check_round_trip(const Message& message);

}  // namespace xgrid::fuzz
