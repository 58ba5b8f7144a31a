// Why a broker does not let somebody in, as far as what becomes of connections tells. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "shared/handshake.hpp"
#include "shared/instant.hpp"
#include "shared/token.hpp"

namespace xgrid {

class Admission {
public:
    /// `own`: the public key that we show; none: we show no key.
    Admission(std::string endpoint, const std::optional<CurveKey>& own)
        : endpoint_(std::move(endpoint)), own_(own) {}

    /// Connections that are cut for so long, one after the other, mean that we are not let in.
    /// Before that a broker may be ending, or away, and something that stands for it takes
    /// connections and drops them: a tunnel, a load balancer.
    static constexpr Duration cuts_span = std::chrono::seconds(3);
    /// Likewise, once we were let in.
    static constexpr Duration later_cuts_span = std::chrono::seconds(60);
    /// What comes so much later is not in a row with it.
    static constexpr Duration cuts_gap = std::chrono::seconds(2);

    /// Not empty: we are not let in, why, and what to do. Said once, until something changes.
    std::string hear(Instant now, Handshake handshake);

private:
    std::string once(std::string why);

    std::string endpoint_;
    std::optional<CurveKey> own_;
    bool was_let_in_ = false;
    Instant cut_at_;     // the last one
    Instant cut_since_;  // the first one in a row
    std::string said_;
};

}  // namespace xgrid
