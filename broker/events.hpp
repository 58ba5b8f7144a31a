// What there is to tell of a run, from its beginning; for whoever copies it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "shared/instant.hpp"
#include "shared/messages.hpp"
#include "shared/weight.hpp"

namespace xgrid::broker {

/// Entries are numbered from 0 in the order of append().
class Events {
public:
    void append(Instant now, Event event) {
        if (size() == 0) began_at_ = now;
        kept_.push_back(std::move(event));
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_at_);
        at_.push_back(static_cast<std::uint32_t>(since.count()));
    }

    /// How many were ever appended.
    std::uint64_t size() const { return trimmed_ + kept_.size(); }
    /// The number of the first that is kept.
    std::uint64_t first() const { return trimmed_; }
    const std::deque<Event>& kept() const { return kept_; }
    /// When they came: milliseconds since the first of all did.
    const std::deque<std::uint32_t>& times() const { return at_; }
    /// Of that number, which is one that is kept.
    std::uint32_t at(std::uint64_t number) const { return at_[number - trimmed_]; }

    /// Those from that number on, of about so many bytes in all and at least one if there is one.
    /// The number is one that is kept, or size().
    std::vector<Event> next(std::uint64_t from, std::size_t bytes) const {
        std::vector<Event> events;
        std::size_t total = 0;
        for (; from < size() && (events.empty() || total < bytes); ++from) {
            events.push_back(kept_[from - trimmed_]);
            total += weight(events.back());
        }
        return events;
    }

    /// Nobody needs those before that number.
    void trim(std::uint64_t count) {
        count = std::min(count, size());
        if (count <= trimmed_) return;
        const auto gone = static_cast<std::ptrdiff_t>(count - trimmed_);
        kept_.erase(kept_.begin(), kept_.begin() + gone);
        at_.erase(at_.begin(), at_.begin() + gone);
        trimmed_ = count;
    }

private:
    std::deque<Event> kept_;
    std::deque<std::uint32_t> at_;
    Instant began_at_;
    std::uint64_t trimmed_ = 0;
};

}  // namespace xgrid::broker
