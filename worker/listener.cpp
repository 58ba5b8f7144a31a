#include "worker/listener.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace xgrid::worker {

Listener::Listener(std::uint32_t slots, ListenerSettings settings)
    : free_(slots), settings_(settings) {}

Listener::Sessions::iterator Listener::find(const std::string& id) {
    return std::ranges::find_if(sessions_,
                                [&](const auto& entry) { return entry.second.id == id; });
}

Listener::Effects Listener::receive(Instant now, const std::string& from, const Dial& dial) {
    Effects effects;
    const auto refuse = [&](const std::string& why) {
        effects.send.push_back(
            {from, {.session = dial.session, .state = DialState::ended, .text = why}});
    };
    if (dial.session.empty() || dial.session.size() > session_bytes_max ||
        dial.label.size() > label_bytes_max) {
        effects.send.push_back({from, {.state = DialState::ended, .text = "that is no session"}});
        return effects;
    }
    auto session = find(dial.session);
    if (dial.line == Line::content) {
        // The other connection makes the session.
        if (session != sessions_.end()) connect(session, dial.line, from, effects);
        return effects;
    }
    if (session == sessions_.end()) {
        if (dial.slots == 0) return effects;
        if (sessions_.size() >= settings_.sessions_max) {
            refuse(fmt::format("{} others are there already", sessions_.size()));
            return effects;
        }
        session = sessions_
                      .emplace(next_++, Session{.id = dial.session,
                                                .label = dial.label,
                                                .pack = dial.pack,
                                                .asked = dial.slots})
                      .first;
    }
    session->second.heard_at = now;
    connect(session, dial.line, from, effects);
    if (dial.slots == 0) {
        leave(session, effects);
    } else {
        give_slots(effects);
        effects.send.push_back({from, answer_for(session->first, session->second)});
    }
    return effects;
}

void Listener::connect(Sessions::iterator session, Line line, const std::string& from,
                       Effects& effects) {
    std::string& connection = session->second.connections[line];
    if (connection == from) return;
    connections_.erase(connection);
    connection = from;
    connections_[from] = {session->first, line};
    effects.connected.push_back(session->first);
}

void Listener::connection_gone(Instant now, const std::string& connection) {
    const auto found = connections_.find(connection);
    if (found == connections_.end() || found->second.second != Line::control) return;
    Session& session = sessions_.at(found->second.first);
    session.heard_at =
        std::min(session.heard_at, now + settings_.return_limit - settings_.client_lease);
}

Listener::Effects Listener::worker_gone(SessionKey key, const std::string& how) {
    Effects effects;
    const auto found = sessions_.find(key);
    if (found == sessions_.end() || found->second.state != DialState::granted) return effects;
    Session& session = found->second;
    free_ += session.slots;
    session.slots = 0;
    session.state = DialState::ended;
    session.text = how;
    if (session.leaving) {
        forget(found);
    } else {
        effects.send.push_back({session.connections[Line::control], answer_for(key, session)});
    }
    give_slots(effects);
    return effects;
}

Listener::Effects Listener::advance(Instant now) {
    Effects effects;
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        const auto session = next++;
        if (session->second.heard_at + settings_.client_lease <= now) leave(session, effects);
    }
    give_slots(effects);
    return effects;
}

Instant Listener::next_deadline() const {
    Instant next = never;
    for (const auto& [key, session] : sessions_) {
        if (!session.leaving) next = std::min(next, session.heard_at + settings_.client_lease);
    }
    return next;
}

std::optional<std::pair<SessionKey, Line>> Listener::session_of(
    const std::string& connection) const {
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return std::nullopt;
    return found->second;
}

std::string Listener::connection_of(SessionKey key, Line line) const {
    const auto session = sessions_.find(key);
    if (session == sessions_.end()) return {};
    const auto connection = session->second.connections.find(line);
    return connection == session->second.connections.end() ? "" : connection->second;
}

// Its client wants nothing of it any more, or is gone.
void Listener::leave(Sessions::iterator session, Effects& effects) {
    if (session->second.state != DialState::granted) return forget(session);
    if (session->second.leaving) return;
    session->second.leaving = true;
    effects.end.push_back(session->first);
}

void Listener::forget(Sessions::iterator session) {
    for (const auto& [line, connection] : session->second.connections) {
        connections_.erase(connection);
    }
    sessions_.erase(session);
}

void Listener::give_slots(Effects& effects) {
    for (auto& [key, session] : sessions_) {
        if (free_ == 0) return;
        if (session.state != DialState::waiting) continue;
        session.slots = std::min(session.asked, free_);
        session.state = DialState::granted;
        free_ -= session.slots;
        effects.start.push_back({key, session.slots, session.label, session.pack});
        effects.send.push_back({session.connections[Line::control], answer_for(key, session)});
    }
}

DialAnswer Listener::answer_for(SessionKey key, const Session& session) const {
    DialAnswer answer{.session = session.id,
                      .state = session.state,
                      .slots = session.slots,
                      .text = session.text};
    if (session.state == DialState::waiting) {
        const auto waits = [](const auto& entry) {
            return entry.second.state == DialState::waiting;
        };
        answer.ahead = static_cast<std::uint32_t>(
            std::count_if(sessions_.begin(), sessions_.find(key), waits));
    }
    return answer;
}

}  // namespace xgrid::worker
