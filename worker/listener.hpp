// Who has dialled this worker, and who has how many of its slots. Pure: dials and what becomes of
// sessions' workers go in; answers, and which worker to start or end, come out.
//
// A session gets what is free when it is its turn, at most what it asks for, and keeps that. Those
// that find nothing free wait in line. A client that is silent is gone. Knows nothing of processes,
// nor of what clients and workers say to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/dialling.hpp"
#include "shared/instant.hpp"

namespace xgrid::worker {

/// Numbers the sessions in the life of a listener.
using SessionKey = std::uint64_t;

struct ListenerSettings {
    /// A client that is silent for so long is gone.
    Duration client_lease = std::chrono::seconds(10);
    /// One whose connection is gone has so long to come back.
    Duration return_limit = std::chrono::seconds(3);
    /// More are turned away.
    std::size_t sessions_max = 256;
};

class Listener {
public:
    struct Start {
        SessionKey session = 0;
        std::uint32_t slots = 0;
        std::string label;
        bool pack = false;
    };
    struct Effects {
        std::vector<Start> start;
        std::vector<SessionKey> end;  // their workers; what is gone is said when it is
        std::vector<std::pair<std::string, DialAnswer>> send;  // to connections
        std::vector<SessionKey> connected;                     // ... has a new connection
    };

    explicit Listener(std::uint32_t slots, ListenerSettings settings = {});

    /// From a connection, as the transport names it.
    Effects receive(Instant now, const std::string& from, const Dial& dial);
    /// That connection may be gone; hearing so of one that is not does no harm, since clients say
    /// often that they are there.
    void connection_gone(Instant now, const std::string& connection);
    /// The session's worker is gone, and how.
    Effects worker_gone(SessionKey session, const std::string& how);
    /// To be called when next_deadline() has passed; early calls change nothing.
    Effects advance(Instant now);
    Instant next_deadline() const;

    /// Whose connection it is.
    std::optional<std::pair<SessionKey, Line>> session_of(const std::string& connection) const;
    /// A session's connection; empty: there is none.
    std::string connection_of(SessionKey session, Line line) const;

    std::uint32_t slots_free() const { return free_; }
    std::size_t sessions() const { return sessions_.size(); }

private:
    struct Session {
        std::string id;
        std::string label;
        bool pack = false;
        std::uint32_t asked = 0;
        std::uint32_t slots = 0;  // that it has, until its worker is gone
        DialState state = DialState::waiting;
        bool leaving = false;  // its worker was told to end
        std::string text;      // ended: why
        Instant heard_at;
        std::map<Line, std::string> connections;
    };
    using Sessions = std::map<SessionKey, Session>;  // in the order of their coming

    Sessions::iterator find(const std::string& id);
    void leave(Sessions::iterator session, Effects& effects);
    void forget(Sessions::iterator session);
    void connect(Sessions::iterator session, Line line, const std::string& from, Effects& effects);
    void give_slots(Effects& effects);
    DialAnswer answer_for(SessionKey key, const Session& session) const;

    std::uint32_t free_;
    ListenerSettings settings_;
    SessionKey next_ = 1;
    Sessions sessions_;
    std::map<std::string, std::pair<SessionKey, Line>> connections_;
};

}  // namespace xgrid::worker
