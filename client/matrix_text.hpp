// The matrix of a run of each of several environments, as its user reads it at the end.
#pragma once

#include <cstddef>
#include <string>

#include "client/environment_names.hpp"
#include "client/markup.hpp"
#include "client/tally.hpp"

namespace xgrid::client {

struct MatrixLimits {
    std::size_t groups = 12;  // of tests that went alike
    std::size_t tests = 20;   // of each; what is left out is counted
    std::size_t lines = 8;    // of a fingerprint
};

/// Lines no wider than the terminal, each with its end. Empty: the run has no matrix.
std::string matrix_text(const Tally& tally, const EnvironmentNames& names, const Markup& markup,
                        const MatrixLimits& limits = {});

}  // namespace xgrid::client
