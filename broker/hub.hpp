// Where objects pass through: gives workers what is on the broker's shelf, and asks the run's
// client for the rest. Pure but for the shelf.
//
// A client offers the objects of its run on a connection of its own; a worker wants some on one of
// its own, a turn at a time. What several want is asked for once.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/asking.hpp"
#include "shared/giving.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"
#include "shared/shelf.hpp"

namespace xgrid::broker {

class Hub {
public:
    /// So long a run is remembered that nobody speaks of; clients repeat their offers.
    static constexpr Duration silence_max = std::chrono::minutes(2);

    explicit Hub(Shelf& shelf) : shelf_(shelf) {}

    using Sends = std::vector<std::pair<std::string, Message>>;  // peer, message

    Sends receive(Instant now, const std::string& from, const Offer& message);
    Sends receive(Instant now, const std::string& from, const Want& message);
    Sends receive(Instant now, const std::string& from, const Content& message);
    /// To be called when next_deadline() has passed; early calls change nothing.
    Sends advance(Instant now);
    Instant next_deadline() const;

private:
    struct Open {
        Turn turn;
        std::vector<WantedObject> objects;  // that it has not been given
        bool same_store = false;
    };
    struct Run {
        Instant heard_at;
        std::string client;  // empty: nobody has offered yet
        Asking asking;
        std::map<std::string, std::map<std::uint64_t, Open>> turns;  // by worker's peer, by number
    };

    Run& run_of(Instant now, const std::string& name);
    static void lose(Run& run, const ObjectId& id, const std::string& why);
    void serve(const std::string& peer, Run& run, Sends& sends);
    void ask(Instant now, Run& run, Sends& sends);

    Shelf& shelf_;
    std::map<std::string, Run> runs_;
};

}  // namespace xgrid::broker
