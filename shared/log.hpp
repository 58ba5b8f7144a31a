// The sending end of a log that one peer copies, over a connection that may lose and repeat.
// Owns what the peer may still need, and how far it was sent. The receiving end keeps one number:
// how many entries it has recorded, which it says now and then.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "shared/weight.hpp"

namespace xgrid {

/// Entries are numbered from 0 in the order of append().
template <class T>
class Log {
public:
    void append(T entry) { kept_.push_back(std::move(entry)); }

    /// How many were ever appended.
    std::uint64_t size() const { return trimmed_ + kept_.size(); }

    /// How many the peer is known to have.
    std::uint64_t recorded() const { return trimmed_; }

    /// The number of the first entry that next() will give.
    std::uint64_t sent() const { return sent_; }

    bool all_sent() const { return sent_ == size(); }
    bool all_recorded() const { return kept_.empty(); }

    /// The last entry if it was not sent yet, so that it may still be replaced; else nullptr.
    T* last_unsent() { return all_sent() ? nullptr : &kept_.back(); }

    /// What is to be sent now: entries from sent() on, of about `bytes` in all and at least one if
    /// there is one. They count as sent.
    std::vector<T> next(std::size_t bytes) {
        std::vector<T> entries;
        std::size_t total = 0;
        while (!all_sent() && (entries.empty() || total < bytes)) {
            const T& entry = kept_[sent_ - trimmed_];
            total += weight(entry);
            entries.push_back(entry);
            ++sent_;
        }
        return entries;
    }

    /// The peer has this many; numbers that cannot be are ignored. True if that is news.
    bool record(std::uint64_t count) {
        if (count <= trimmed_ || count > size()) return false;
        kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count - trimmed_));
        trimmed_ = count;
        sent_ = std::max(sent_, trimmed_);
        return true;
    }

    /// What was sent and not recorded may be lost: it will be sent again.
    void rewind() { sent_ = trimmed_; }

private:
    std::deque<T> kept_;
    std::uint64_t trimmed_ = 0;
    std::uint64_t sent_ = 0;
};

/// The receiving end: how many of `count` entries that begin with number `first` are old news to
/// one who has recorded `recorded`; `count` itself when they leave a gap, so that nothing of them
/// counts.
inline std::size_t already_recorded(std::uint64_t recorded, std::uint64_t first,
                                    std::size_t count) {
    if (first > recorded) return count;
    return static_cast<std::size_t>(std::min<std::uint64_t>(recorded - first, count));
}

}  // namespace xgrid
