// The conversation between a client that dials a worker and the worker that listens: its only
// definition.
//
//   client -> worker   dial          worker -> client   dial_answer
//   and, as they are, what the client's broker and the session's worker say to each other
//
// A session is what one client has there. It has two connections, so that content never delays a
// heartbeat; each begins with a dial, and again whenever the worker greets it (Welcome). On the
// first one dials are repeated, which keeps the session alive, and each is answered.
//
// On the wire as shared/messages.hpp, with kinds of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "shared/messages.hpp"

namespace xgrid {

constexpr std::size_t session_bytes_max = 64;
constexpr std::size_t label_bytes_max = 256;

/// Of a session's connections.
enum class Line : std::uint8_t { control, content };

struct Dial {
    std::string session;  // random
    Line line = Line::control;
    std::uint32_t slots = 0;  // that are wanted; none: not any more
    std::string label;        // that the worker is to have as xgrid.host
    bool pack = false;        // content on its way to it
    XGRID_FIELDS(Dial, session, line, slots, label, pack);
};

enum class DialState : std::uint8_t {
    waiting,  // all slots are taken by others
    granted,  // its worker runs
    ended,    // there is no worker, nor will there be
};

struct DialAnswer {
    std::string session;
    DialState state = DialState::waiting;
    std::uint32_t slots = 0;  // granted
    std::uint32_t ahead = 0;  // waiting: so many sessions come before
    std::string text;         // ended: why
    XGRID_FIELDS(DialAnswer, session, state, slots, ahead, text);
};

using DialMessage = std::variant<Dial, DialAnswer>;

}  // namespace xgrid
