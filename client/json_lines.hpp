// The run as JSON lines, for programs: the events of the command-line contract, one object each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/environment_names.hpp"
#include "client/report.hpp"

namespace xgrid::client {

struct JsonSettings {
    std::string run;
    std::string tree;  // the id of the tree that is tested; empty: it is not known
    EnvironmentNames environments;
    std::vector<std::string> command;  // as it was typed
    std::string started;               // local time, ISO 8601
    bool whole = false;                // with tracebacks and output
};

class JsonLines : public Report {
public:
    explicit JsonLines(JsonSettings settings) : settings_(std::move(settings)) {}

    void set_tree(const std::string& tree) override { settings_.tree = tree; }
    std::string begin_again(const std::string& run) override;
    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    std::string run_started() const;
    std::string environment_name(const Event& event);
    std::string matrix_line(const Tally& tally) const;

    JsonSettings settings_;
    std::map<std::string, std::uint32_t> workers_;  // where each slot is
    Instant began_at_;
};

}  // namespace xgrid::client
