// The run as TAP 14 (testanything.org): a line for each test as it ends, a YAML block below those
// that failed, the plan at the end. What can be made of a part of it is as true as of the whole.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "client/environment_names.hpp"
#include "client/report.hpp"

namespace xgrid::client {

class Tap : public Report {
public:
    explicit Tap(EnvironmentNames environments) : environments_(std::move(environments)) {}

    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    /// The plan; or, where the run did not come to its end, why it bails out.
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    std::string point(bool good, const std::string& name, std::uint32_t environment,
                      const std::string& directive);

    EnvironmentNames environments_;
    std::uint64_t points_ = 0;
};

/// A description, or the reason of a directive: one line, in which nothing is a directive.
std::string tap_words(const std::string& text);

/// Any text as a scalar in double quotes, on one line, of YAML 1.1 and later.
std::string yaml_quoted(const std::string& text);

/// Any text as lines of a block, indented by `indent`; begins with what stands behind the key.
/// Control characters are written like \x1b.
std::string yaml_block(const std::string& text, std::size_t indent);

}  // namespace xgrid::client
