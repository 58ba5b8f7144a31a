// The run as one HTML file that needs nothing else. Its end is the run's events, a line each, in a
// data block: as no browser wants that closed, the file is whole after every line.
#pragma once

#include <string>
#include <utility>

#include "client/json_lines.hpp"
#include "client/report.hpp"

namespace xgrid::client {

class Html : public Report {
public:
    explicit Html(JsonSettings settings) : lines_(std::move(settings)) {}

    void set_tree(const std::string& tree) override { lines_.set_tree(tree); }
    std::string begin(Instant now) override;
    std::string begin_again(const std::string& run) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    JsonLines lines_;
};

/// JSON for a script element: nothing in it ends the element, and it means what it meant.
std::string json_for_html(const std::string& json);

}  // namespace xgrid::client
