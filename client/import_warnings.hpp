// Warnings of what slots import. Each slot that imports a module meets its warnings, which plain
// pytest, in one process, would have met once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "shared/messages.hpp"

namespace xgrid::client {

class ImportWarnings {
public:
    /// Whether it counts: it does as often as the slot that met it most often has met it.
    bool is_new(const WarningSeen& seen) {
        const Warning& warning = seen.warning;
        if (warning.when == "runtest") return true;  // each test runs once
        Met& met = met_[{warning.text, warning.path, warning.line, warning.test}];
        const std::uint64_t times = ++met.by_worker[seen.worker];
        const bool is_new = times > met.most;
        met.most = std::max(met.most, times);
        return is_new;
    }

private:
    struct Met {
        std::map<std::string, std::uint64_t> by_worker;
        std::uint64_t most = 0;
    };
    std::map<std::tuple<std::string, std::string, std::uint32_t, std::string>, Met> met_;
};

}  // namespace xgrid::client
