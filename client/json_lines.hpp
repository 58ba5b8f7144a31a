// The run as JSON lines, for programs: the events of the command-line contract, one object each.
#pragma once

#include <string>

#include "client/report.hpp"

namespace xgrid::client {

class JsonLines : public Report {
public:
    /// `tree` is the id of the tree that is tested, if it is known.
    JsonLines(std::string run, std::string tree) : run_(std::move(run)), tree_(std::move(tree)) {}

    /// To be called before begin(), and before begin_again().
    void set_tree(const std::string& tree) { tree_ = tree; }
    /// Nothing of the run has begun, and it goes by another name from now on.
    std::string begin_again(std::string run);

    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    std::string run_started() const;

    std::string run_;
    std::string tree_;
    Instant began_at_;
};

}  // namespace xgrid::client
