// The run as JSON lines for the pytest plugin (client/plugin/), which gives each test's reports to
// the hooks of its own session. Not for users: only this program's own plugin reads it.
//
//   {"event": "up", "worker", "version", "platform", "executable", "root"}
//   {"event": "down", "worker", "reason", "output"}      reason: empty if it had no more to do
//   {"event": "expected", "tests", "certain"}            about so many tests there are
//   {"event": "found", "tests": [id, ...], "deselected", "environment"}
//   {"event": "start", "id", "worker"}
//   {"event": "result", "id", "worker", "crashed", "phases": [{"when", "text", "report"}, ...]}
//   {"event": "late", "id", "worker", "phases": [one]}   a teardown after its result
//   {"event": "warning", ...}, {"event": "note", "text"}, {"event": "output", "worker", "stream",
//   "text"}
//   {"event": "end", "end", "exit_code", "reason"}       the last
//
// `report` is the framework's own, as JSON in a text; empty where no session made one. A phase that
// failed in quarantine has "quarantined", with who sees to it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "client/report.hpp"

namespace xgrid::client {

class PluginLines : public Report {
public:
    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    std::string expectation(const Tally& tally);

    std::pair<std::uint64_t, bool> expected_ = {0, false};
};

}  // namespace xgrid::client
