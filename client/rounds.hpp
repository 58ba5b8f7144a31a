// Runs on and on for -f: what fails whenever a file changes, until all passes; then everything
// once. Puts together who decides (repeating.hpp), who watches (watching.hpp) and who runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/grid.hpp"
#include "client/options.hpp"
#include "client/own_output.hpp"
#include "client/repeating.hpp"
#include "client/reports.hpp"
#include "client/rounds_text.hpp"
#include "client/watching.hpp"

namespace xgrid::client {

/// How a run has ended.
struct RoundEnd {
    int code = 0;
    bool interrupted = false;  // the user did not want it any more
    bool broken = false;       // nor can there be another
};

class Rounds {
public:
    using Run = std::function<RoundEnd(const Options& options, Continued continued,
                                       const std::function<void(const Event&)>& listener)>;

    /// Throws Fatal with exit code 4 if a folder that is to be watched is not there.
    Rounds(const Options& options, Grid& grid, Run run);

    /// Until the user has enough of it; the exit code: 2 if that was during a round, else the last
    /// round's.
    int run();

private:
    enum class Woken : std::uint8_t { nothing, changes, everything, end };

    RoundEnd run_round();
    bool is_over() const;
    /// Tells what; if anything has, the next round comes at once.
    bool changed_in_round();
    /// Tells of it. False: the user has enough.
    bool wait_for_change();
    Woken wait_for_look();
    Woken wait();
    bool enter_was_pressed();
    void say(const std::string& text) const;
    Watched watched() const;

    const Options& options_;
    Grid& grid_;
    Run run_;
    Repeating repeating_;
    OwnOutput own_output_;
    RoundsText text_;
    Watching watching_;
    FileChanges changes_;
    bool interactive_;
    bool first_ = true;
    int code_ = 0;
};

}  // namespace xgrid::client
