// The run as a trace for ui.perfetto.dev and Chrome: a process for each host, a thread for each
// slot, a slice for each test, and below it one for each of its phases.
//
// The format is the array of Google's "Trace Event Format", whose last bracket may be missing.
// Times are the client's, in microseconds since the run began; how long something took is its
// slot's word.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "client/environment_names.hpp"
#include "client/report.hpp"

namespace xgrid::client {

class Trace : public Report {
public:
    explicit Trace(EnvironmentNames environments) : environments_(std::move(environments)) {}

    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    struct Lane {
        std::uint32_t process = 0;
        std::uint32_t thread = 0;
        double free = 0;     // microseconds: where its last slice ended
        double started = 0;  // ... and when its test was said to have begun
    };

    double microseconds(Instant at) const;
    Lane& lane(const std::string& worker, const std::string& host, std::string& text);
    std::string slices(Instant now, const std::string& worker, const TestName& test,
                       std::uint32_t environment, const TestResult& result, const char* attempt);

    EnvironmentNames environments_;
    Instant began_at_;
    std::map<std::string, std::uint32_t> processes_;  // of each host
    std::map<std::string, Lane> lanes_;               // of each slot
};

}  // namespace xgrid::client
