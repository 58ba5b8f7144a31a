// The run on a terminal or in a pipe, as pytest would print it with pytest-xdist.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "client/display.hpp"
#include "client/environment_names.hpp"
#include "client/findings.hpp"
#include "client/first_failure.hpp"
#include "client/listing.hpp"
#include "client/live_line.hpp"
#include "client/markup.hpp"
#include "client/places.hpp"
#include "client/report.hpp"
#include "client/result_lines.hpp"
#include "client/slow_tests.hpp"

namespace xgrid::client {

/// What the terminal's lines begin with, and what they go to.
struct TerminalSettings {
    Display display;
    bool colour = false;
    bool live = false;  // lines can be rewritten
    std::size_t columns = 80;
    std::size_t rows = 24;
    EnvironmentNames environments;
    std::string headline;   // the run in one line
    std::string directory;  // where the user is
    bool distributed = true;
    std::uint32_t crashes_max = UINT32_MAX;  // slots that may be replaced
};

class Terminal : public Report {
public:
    explicit Terminal(TerminalSettings settings);

    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    std::string tick(Instant now, const Tally& tally) override;
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    std::string show(const WorkerUp& event, const Tally& tally);
    std::string show(const WorkerDown& event, const Tally& tally);
    std::string show(const UnitsKnown& event, const Tally& tally);
    std::string show(const UnitLoaded& event, const Tally& tally);
    std::string show(const TestStarted& event, const Tally& tally);
    std::string show(const TestFinished& event, const Tally& tally);
    std::string show(const TeardownFailed& event, const Tally& tally);
    std::string show(const WarningSeen& event, const Tally& tally);
    std::string show(const NoteSeen& event, const Tally& tally);
    std::string show(const OutputSeen& event, const Tally& tally);
    std::string show(const RunFinished& event, const Tally& tally);
    std::string show(const TestFailing& event, const Tally& tally);
    std::string show(const TreeSynced& event, const Tally& tally);
    std::string show(const EnvironmentEnded& event, const Tally& tally);
    std::string show(const PropertiesAdded& event, const Tally& tally);

    std::string title();
    std::string listed(const std::string& text);
    std::string header(const SlotFacts& facts) const;
    std::string environment_line(const WorkerUp& event);
    bool headed() const { return !quiet() && settings_.display.header; }
    std::string replaced();
    std::string notices(Instant now);
    std::string reason_line(const RunFinished& end) const;
    std::string first_failure_line() const;
    bool quiet() const { return settings_.display.verbosity < 0; }
    bool only_counted() const { return settings_.display.verbosity < -1; }
    bool verbose() const { return settings_.display.verbosity > 0; }

    TerminalSettings settings_;
    Markup markup_;
    Findings findings_;
    SlowTests slow_tests_;
    FirstFailure first_failure_;
    ResultLines results_;
    LiveLine live_;
    Listing listing_;
    bool listing_shown_ = false;
    Instant began_at_;
    bool title_shown_ = false;
    bool adopted_ = false;  // a slot has told how it is configured
    std::uint32_t crashes_ = 0;
    std::vector<std::string> crashed_;  // slots that nothing has replaced yet
    std::set<std::uint32_t> told_;      // environments that have a line in the header
};

}  // namespace xgrid::client
