// What a run's slots have measured with pytest-cov, until it is reported: who measured, with which
// options, and what each brought. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

struct CoverageSettings {
    bool distributed = true;
    bool coloured = false;
    std::string interpreter;  // if no slot of this machine measures
};

/// What is to be run so that a report comes about: client/coverage/report.py says of what.
struct CoverageTask {
    std::string interpreter;
    std::string request;
};

class Coverage {
public:
    explicit Coverage(CoverageSettings settings) : settings_(std::move(settings)) {}

    /// With paths as they are here.
    void add(const Event& event);

    /// None: nothing is measured, or the run came to nothing. `moved`: folders elsewhere and what
    /// they are here, the deeper ones first. `failed` tests.
    std::optional<CoverageTask> task(const std::vector<std::pair<std::string, std::string>>& moved,
                                     std::uint64_t failed,
                                     std::chrono::milliseconds since_begin) const;

private:
    struct Slot {
        std::string name;
        std::uint32_t environment = 0;
        std::string platform;
        std::string output;  // empty: lost, or not there yet
    };

    CoverageSettings settings_;
    std::string options_;      // as JSON; empty: nothing is measured
    std::string interpreter_;  // of a slot of this machine that measures
    std::vector<Slot> slots_;  // that measure
    RunEnd end_ = RunEnd::cancelled;
};

}  // namespace xgrid::client
