// The progress on a terminal, a line, or one for each environment if each has verdicts of its own:
// below everything that is printed, rewritten as time goes by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "client/environment_names.hpp"
#include "client/markup.hpp"
#include "client/tally.hpp"
#include "shared/instant.hpp"

namespace xgrid::client {

class LiveLine {
public:
    /// No more lines than fit into so many rows, with room for what is printed above.
    LiveLine(const Markup& markup, const EnvironmentNames& names, std::size_t rows)
        : markup_(markup), names_(names), rows_(rows) {}

    void begin(Instant now) { began_at_ = now; }
    /// To draw it anew, if it is time; the line above ends at that column.
    std::string draw(Instant now, const Tally& tally, std::size_t column);
    /// To make room; the cursor is back at that column of the line above.
    std::string hide(std::size_t column);
    /// Something was printed in its place: it comes back with the next draw.
    bool shown() const { return lines_ > 0; }

private:
    std::vector<std::string> lines(Instant now, const Tally& tally) const;
    std::string line(Instant now, const EnvironmentTally& tally, std::uint32_t environment) const;
    std::string erase() const;

    const Markup& markup_;
    const EnvironmentNames& names_;
    std::size_t rows_;
    Instant began_at_;
    Instant drawn_at_;
    std::size_t lines_ = 0;  // that are shown
};

}  // namespace xgrid::client
