// The progress line on a terminal: below everything that is printed, rewritten as time goes by.
#pragma once

#include <string>

#include "client/markup.hpp"
#include "client/tally.hpp"
#include "shared/instant.hpp"

namespace xgrid::client {

class LiveLine {
public:
    explicit LiveLine(const Markup& markup) : markup_(markup) {}

    void begin(Instant now) { began_at_ = now; }
    /// To draw it anew, if it is time; the line above ends at that column.
    std::string draw(Instant now, const Tally& tally, std::size_t column);
    /// To make room; the cursor is back at that column of the line above.
    std::string hide(std::size_t column);
    /// Something was printed in its place: it comes back with the next draw.
    bool shown() const { return shown_; }

private:
    std::string text(Instant now, const Tally& tally) const;

    const Markup& markup_;
    Instant began_at_;
    Instant drawn_at_;
    bool shown_ = false;
};

}  // namespace xgrid::client
