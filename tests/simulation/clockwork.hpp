// Virtual time: what is to happen when, in an order that a seed fixes.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "shared/instant.hpp"

namespace xgrid::simulation {

class Clockwork {
public:
    Instant now() const { return now_; }
    std::uint64_t steps() const { return steps_; }

    /// Things of the same moment happen in the order in which they were planned.
    void at(Instant when, std::function<void()> happens) {
        queue_.push({std::max(when, now_), next_++, std::move(happens)});
    }
    void after(Duration delay, std::function<void()> happens) {
        at(now_ + delay, std::move(happens));
    }

    /// False: nothing is planned any more.
    bool step() {
        if (queue_.empty()) return false;
        // A priority queue gives no way to move its top out, but this one.
        auto& top = const_cast<Planned&>(queue_.top());
        now_ = top.when;
        const std::function<void()> happens = std::move(top.happens);
        queue_.pop();
        ++steps_;
        happens();
        return true;
    }

private:
    struct Planned {
        Instant when;
        std::uint64_t number = 0;
        std::function<void()> happens;

        bool operator<(const Planned& other) const {
            return when != other.when ? when > other.when : number > other.number;
        }
    };

    Instant now_ = Instant() + std::chrono::hours(1);
    std::uint64_t next_ = 0;
    std::uint64_t steps_ = 0;
    std::priority_queue<Planned> queue_;
};

}  // namespace xgrid::simulation
