#include "shared/admission.hpp"

#include <utility>

#include <fmt/format.h>

#include "shared/key_words.hpp"

namespace xgrid {

std::string Admission::hear(Instant now, Handshake handshake) {
    switch (handshake) {
        case Handshake::done:
            was_let_in_ = true;
            cut_at_ = {};
            said_.clear();
            return {};
        case Handshake::denied:
            if (!own_) return once(fmt::format("{} does not let us in", endpoint_));
            return once(fmt::format(
                "{} does not let in {}: it is not known there, was revoked, or has expired (where "
                "the broker runs: xgrid keys allow {} --name NAME --role submit)",
                endpoint_, text_of_public(*own_), text_of_public(*own_)));
        case Handshake::cut:
            if (now > std::exchange(cut_at_, now) + cuts_gap) cut_since_ = now;
            if (now < cut_since_ + (was_let_in_ ? later_cuts_span : cuts_span)) return {};
            [[fallthrough]];
        case Handshake::failed:
            if (!own_) {
                return once(
                    fmt::format("{} asks for keys, or is no broker: say which key it has, "
                                "which it prints when it starts, with --broker-key KEY",
                                endpoint_));
            }
            return once(
                fmt::format("{} has another key than --broker-key or the token says, or "
                            "uses none",
                            endpoint_));
        default: return {};
    }
}

std::string Admission::once(std::string why) {
    if (why == said_) return {};
    said_ = why;
    return why;
}

}  // namespace xgrid
