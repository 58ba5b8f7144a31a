// Where objects pass through: gives workers what is on the broker's shelf, and asks the run's
// client for the rest. Pure but for the shelf.
//
// A client offers the objects of its run on a connection of its own; a worker wants some on one of
// its own, a turn at a time. What several want is asked for once. Who will not stay is asked for
// all of its tree.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/keeping.hpp"
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
    /// Of more runs, who was silent longest is forgotten; of more turns, the oldest of the run that
    /// has most. Both come again if anybody still wants them.
    static constexpr std::size_t runs_max = 1024;
    static constexpr std::size_t turns_max = 4096;

    explicit Hub(Shelf& shelf) : shelf_(shelf) {}

    using Sends = std::vector<std::pair<std::string, Message>>;  // peer, message

    Sends receive(Instant now, const std::string& from, const Offer& message);
    Sends receive(Instant now, const std::string& from, const Want& message);
    /// Who has just offered the run's objects will not stay: it hears when all of this tree is
    /// kept.
    Sends keep(Instant now, const std::string& from, const std::string& run, const ObjectId& tree);
    Sends receive(Instant now, const std::string& from, const Content& message);
    /// To be called when next_deadline() has passed; early calls change nothing.
    Sends advance(Instant now);
    Instant next_deadline() const;

    /// For tests: what is held.
    std::size_t runs() const { return runs_.size(); }
    std::size_t turns() const { return turns_; }
    std::size_t wanted() const;

private:
    struct Open {
        std::string peer;
        Turn turn;
        std::uint64_t number = 0;
        std::vector<WantedObject> objects;  // that it has not been given
        bool same_store = false;
        std::size_t again = 0;  // objects that the shelf lost before they were given
    };
    struct Run {
        Instant heard_at;
        std::string client;  // empty: nobody has offered yet
        Asking asking;
        std::deque<Open> turns;          // in the order of their coming
        std::optional<Keeping> keeping;  // of all of its tree
    };

    Run& run_of(Instant now, const std::string& name);
    void forget_quietest(const std::string& but);
    void open(Run& run, Open open);
    void drop_oldest(Run& run);
    static void prune(Run& run);
    static void lose(Run& run, const ObjectId& id, const std::string& why);
    void go_on_keeping(const std::string& name, Run& run, Sends& sends);
    /// The turns of that peer; of all, if it is empty.
    void serve(const std::string& peer, Run& run, Sends& sends);
    void give(Run& run, Open& open, const WantedObject& object, std::vector<WantedObject>& left);
    void ask(Instant now, Run& run, Sends& sends);

    Shelf& shelf_;
    std::map<std::string, Run> runs_;
    std::size_t turns_ = 0;  // of all runs
};

}  // namespace xgrid::broker
