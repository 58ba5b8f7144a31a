#include "client/dialling.hpp"

#include <fmt/format.h>

namespace xgrid::client {
namespace {

long seconds_of(Duration duration) { return duration / std::chrono::seconds(1); }

}  // namespace

Dialling::Dialling(Instant now, std::string session, Wanted wanted, DiallingSettings settings)
    : session_(std::move(session)),
      wanted_(std::move(wanted)),
      settings_(settings),
      heard_at_(now),
      repeat_at_(now) {}

Dial Dialling::dial(Line line) const {
    return {.session = session_,
            .line = line,
            .slots = wanted_.slots,
            .label = wanted_.label,
            .pack = wanted_.pack};
}

void Dialling::say(Instant now, Effects& effects) {
    effects.send.push_back({Line::control, dial(Line::control)});
    repeat_at_ = now + settings_.repeat;
}

void Dialling::give_up(std::string why) {
    if (trouble_.empty()) trouble_ = std::move(why);
}

Dialling::Effects Dialling::greeted(Instant now, Line line) {
    Effects effects;
    failures_ = 0;
    absent_since_.reset();
    if (line == Line::control) {
        say(now, effects);
    } else if (last_) {
        effects.send.push_back({line, dial(line)});
    }
    return effects;
}

Dialling::Effects Dialling::receive(Instant now, const DialAnswer& answer) {
    Effects effects;
    if (answer.session != session_ && !answer.session.empty()) return effects;
    heard_at_ = now;
    absent_since_.reset();
    const std::optional<DialAnswer> before = std::exchange(last_, answer);
    if (answer.state == DialState::ended) {
        give_up(answer.text.empty() ? "its worker has ended" : answer.text);
        return effects;
    }
    if (before == answer) return effects;
    effects.send.push_back({Line::content, dial(Line::content)});
    if (answer.state == DialState::waiting) {
        effects.notes.push_back(
            answer.ahead == 0 ? "all its slots are taken by others; waiting, next in line"
                              : fmt::format("all its slots are taken by others; waiting, with {} "
                                            "in line before",
                                            answer.ahead));
    } else if (answer.slots < wanted_.slots) {
        effects.notes.push_back(
            fmt::format("has {} of the {} slots that were asked for", answer.slots, wanted_.slots));
    } else if (before && before->state == DialState::waiting) {
        effects.notes.push_back("has slots now");
    }
    return effects;
}

void Dialling::hear(Instant now, LineNews news) {
    if (news == LineNews::denied) {
        give_up("does not take this token: use the one that its worker showed when it started");
    } else if (news == LineNews::failed) {
        if (++failures_ >= failures_max) {
            give_up(
                "was given the wrong token: use the one that its worker showed when it started");
        }
    } else if (!absent_since_) {
        absent_since_ = now;
    }
}

void Dialling::refuse(const std::string& why) { give_up(why); }

Dialling::Effects Dialling::advance(Instant now) {
    Effects effects;
    if (!trouble_.empty() || now < repeat_at_) return effects;
    if (absent_since_ && now >= *absent_since_ + settings_.absence_max) {
        give_up("its worker is gone: nobody listens there any more");
    } else if (now >= heard_at_ + settings_.silence_max) {
        give_up(last_ ? fmt::format("its worker has not answered for {} s",
                                    seconds_of(settings_.silence_max))
                      : "what listens there does not answer as an xgrid worker does");
    } else {
        say(now, effects);
        // Also this may have been lost.
        if (last_) effects.send.push_back({Line::content, dial(Line::content)});
    }
    return effects;
}

}  // namespace xgrid::client
