// Why a broker does not let somebody in, as far as what becomes of connections tells. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "shared/handshake.hpp"
#include "shared/token.hpp"

namespace xgrid {

class Admission {
public:
    /// `own`: the public key that we show; none: we show no key.
    Admission(std::string endpoint, const std::optional<CurveKey>& own)
        : endpoint_(std::move(endpoint)), own_(own) {}

    /// Not empty: we are not let in, why, and what to do. Said once, until something changes.
    std::string hear(Handshake handshake);

private:
    // One that is cut may be because the broker was just ending.
    static constexpr int cuts_max = 3;

    std::string once(std::string why);

    std::string endpoint_;
    std::optional<CurveKey> own_;
    int cuts_ = 0;  // in a row
    std::string said_;
};

}  // namespace xgrid
