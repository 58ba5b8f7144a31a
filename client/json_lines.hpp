// The run as JSON lines, for programs: the events of the command-line contract, one object each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "client/environment_names.hpp"
#include "client/report.hpp"

namespace xgrid::client {

class JsonLines : public Report {
public:
    /// `tree` is the id of the tree that is tested, if it is known.
    JsonLines(std::string run, std::string tree, EnvironmentNames environments)
        : run_(std::move(run)), tree_(std::move(tree)), environments_(std::move(environments)) {}

    /// To be called before begin(), and before begin_again().
    void set_tree(const std::string& tree) { tree_ = tree; }
    /// Nothing of the run has begun, and it goes by another name from now on.
    std::string begin_again(std::string run);

    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    std::string run_started() const;
    std::string environment_name(const Event& event);
    std::string matrix_line(const Tally& tally) const;

    std::string run_;
    std::string tree_;
    EnvironmentNames environments_;
    std::map<std::string, std::uint32_t> workers_;  // where each slot is
    Instant began_at_;
};

}  // namespace xgrid::client
