// The worker's core: which slots live here, which attempts they hold, and what the broker has
// recorded of each. Pure: orders and what slots say go in, a status and commands for slots come
// out.
//
// It does what the last orders say, and nothing else: an attempt that is not listed is forgotten, a
// slot that is not listed is ended. What happens in an attempt is a log, repeated until it is
// recorded.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shared/instant.hpp"
#include "shared/log.hpp"
#include "shared/messages.hpp"
#include "shared/topics.hpp"
#include "worker/settings.hpp"
#include "worker/starts.hpp"
#include "worker/watch.hpp"

namespace xgrid::worker {

/// Numbers the slot processes in the life of a worker.
using SlotKey = std::uint64_t;

// ---- Commands for the one who has the processes

struct StartSlot {
    SlotKey slot = 0;
    std::string run;
    std::string name;
    RunSpec spec;
};
struct GiveJob {
    SlotKey slot = 0;
    AttemptId attempt;
    JobBody body;
};
struct AskBack {
    SlotKey slot = 0;
    AttemptId attempt;
    std::uint32_t number = 0;
    std::uint32_t keep = 0;
};
/// At once, whatever it does.
struct EndSlot {
    SlotKey slot = 0;
};
/// Likewise, and not before it has shown what it was at, if it still can.
struct AbortSlot {
    SlotKey slot = 0;
};
using Command = std::variant<StartSlot, GiveJob, AskBack, EndSlot, AbortSlot>;

// ---- What a slot says

/// Of an attempt that it holds.
struct SlotFact {
    AttemptId attempt;
    Fact fact;
};
/// It cannot begin.
struct SlotRefused {
    std::string text;
    std::int32_t code = 0;
};
/// Its process is gone; text says how, and behind its first line the last that it wrote.
struct SlotExited {
    std::string text;
    bool clean = false;  // it left by itself, with status 0
};
/// Its process is gone, with others and not by its own doing.
struct SlotLost {
    std::string text;
};
/// It is getting on with loading or listing.
struct SlotLives {};
/// The next test that it starts may take so long, or 0: as long as it likes; not what others may.
struct SlotLimit {
    Duration limit = Duration(0);
};
/// A signal has stopped its process, or has let it go on.
struct SlotStopped {
    bool stopped = true;
};
using SlotReport =
    std::variant<SlotFact, SlotRefused, SlotExited, SlotLost, SlotLives, SlotLimit, SlotStopped>;

struct Identity {
    std::string session;  // random
    std::string host;
    std::uint32_t slots = 1;
    std::map<std::string, std::string> labels;
    std::string name;  // as users know it; empty: its host
    std::string version;
};

struct Effects {
    std::vector<Command> commands;
    std::vector<Message> send;          // to the broker
    std::vector<std::string> refusals;  // by the broker, for the log
    std::optional<std::string> topics;  // where publications are to be heard; empty: nowhere
};

class Worker {
public:
    explicit Worker(Identity identity, Settings settings = {});

    Effects receive(Instant now, const Message& message);
    /// Of one of its topics. What comes from a broker that it does not follow is not for it.
    Effects receive(Instant now, const Publication& publication);
    /// That it listens to.
    std::vector<std::string> topics() const;
    Effects report(Instant now, SlotKey slot, const SlotReport& report);
    /// To be called when next_deadline() has passed; early calls change nothing.
    Effects advance(Instant now);
    Instant next_deadline() const;

    /// From now on it is given nothing new, and what it has not begun is taken back.
    Effects drain(Instant now);
    /// Likewise while there is something amiss with the host; empty: there is not.
    Effects ail(Instant now, const std::string& trouble);
    /// No job is here, nor anything of one that the broker has to hear.
    bool idle() const { return attempts_.empty() && empty(); }

    /// Takes nothing more, ends every slot that is not leaving by itself, and says so: no test is
    /// to blame for it.
    Effects leave(Instant now);
    /// No slot has a process.
    bool empty() const;

    /// Whose specification it has, or slots that may still run.
    std::set<std::string> runs() const;

    /// For judges: the attempts that a slot may be running.
    std::set<AttemptId> held() const;

private:
    struct Slot {
        std::string run;
        std::string name;
        bool dead = false;               // its process is gone, or is being ended
        bool gone = false;               // its process is gone
        bool told = false;               // ... and an attempt that it held says so
        Ended fate{.end = End::gone};    // what such an attempt says
        Instant leave_by = never;        // it has finished, and leaves by itself
        std::optional<Ended> last_word;  // ... what it said of that, which holds if it does
        Watch watch;
        std::string aborted;             // why it was
        std::deque<AttemptId> attempts;  // not ended, the one that runs first
    };
    struct Held {
        SlotKey slot = 0;
        Log<Fact> facts;
        std::uint64_t recorded_before = 0;  // at the last heartbeat
        std::uint32_t asked = 0;            // the last request to give back
        JobKind kind = JobKind::unit;
        bool ended = false;
    };

    void obey(Instant now, const Orders& orders, Effects& effects);
    void forget_all(Instant now, Effects& effects);
    void take_attempt(Instant now, const AttemptOrders& order, Effects& effects);
    SlotKey find_slot(const std::string& run, const std::string& name) const;
    void end_slot(SlotKey key, Effects& effects);
    void hear(Instant now, SlotKey key, const SlotFact& said);
    void turn_to_next(Instant now, Slot& slot);
    void look_after(Instant now, SlotKey key, Effects& effects);
    void append(Instant now, AttemptId id, Fact fact);
    void end_all(Instant now, Slot& slot, const Ended& first);
    void exited(Instant now, Slot& slot, const SlotExited& exit);
    void gone(Instant now, Slot& slot, const Ended& first);
    void fail_start(Instant now, const Slot& slot, const std::string& why);
    std::string trouble(Instant now) const;
    void say_soon(Instant now);
    Status status(Instant now);

    Identity identity_;
    Settings settings_;
    std::string broker_;
    std::uint64_t last_orders_ = 0;
    std::uint64_t last_status_ = 0;
    std::map<std::string, RunSpec> runs_;
    std::map<std::string, RunSpec> announced_;    // that it may come to have slots of
    std::map<std::string, std::uint64_t> heard_;  // last numbers of topics
    std::map<SlotKey, Slot> slots_;
    std::map<AttemptId, Held> attempts_;
    SlotKey next_slot_ = 1;
    bool draining_ = false;
    bool leaving_ = false;
    std::string ailment_;  // of the host
    Starts starts_;
    Instant said_at_;
    Instant say_by_;  // the next status is due
    Instant heartbeat_at_;
};

}  // namespace xgrid::worker
