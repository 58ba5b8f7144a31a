// How long a worker stays: until it is asked to leave, or has had nothing to do for long. Asked
// once it finishes what runs, for a while; asked again it leaves at once. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "shared/instant.hpp"

namespace xgrid::worker {

enum class Stay : std::uint8_t {
    works,
    drains,  // finishes what runs, takes nothing new
    leaves,  // at once
};

class Staying {
public:
    /// How long what runs may take to finish when it is asked to leave, and how long it stays
    /// without a job; none: as long as that takes, for ever.
    Staying(Instant now, std::optional<Duration> drain_limit, std::optional<Duration> idle_limit)
        : drain_limit_(drain_limit), idle_limit_(idle_limit), idle_since_(now) {}

    void ask(Instant now) {
        if (stay_ == Stay::works) {
            stay_ = Stay::drains;
            drain_by_ = drain_limit_ ? now + *drain_limit_ : never;
        } else {
            stay_ = Stay::leaves;
        }
    }
    void ask_at_once() { stay_ = Stay::leaves; }

    /// `idle`: no job is here, nor anything of one.
    Stay advance(Instant now, bool idle) {
        idle_since_ = !idle ? never : std::min(idle_since_, now);
        const bool is_done = stay_ == Stay::drains && (idle || now >= drain_by_);
        if (is_done || now >= idle_by()) stay_ = Stay::leaves;
        return stay_;
    }
    Instant next_deadline() const {
        if (stay_ == Stay::leaves) return never;
        return stay_ == Stay::drains ? drain_by_ : idle_by();
    }

private:
    Instant idle_by() const {
        return idle_limit_ && idle_since_ != never ? idle_since_ + *idle_limit_ : never;
    }

    std::optional<Duration> drain_limit_;
    std::optional<Duration> idle_limit_;
    Stay stay_ = Stay::works;
    Instant drain_by_ = never;
    Instant idle_since_;
};

}  // namespace xgrid::worker
