// Makes of paths in a workspace those of the code at home that they stand for, so that a run's
// events read as if tests had run here. Pure.
#pragma once

#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

class Home {
public:
    /// None: tests run at home.
    explicit Home(std::string root) : root_(std::move(root)) {}

    /// Learns where workspaces are from the events themselves.
    void translate(Event& event);

    /// So far.
    const std::vector<std::string>& workspaces() const { return workspaces_; }

private:
    void replace(std::string& text) const;
    void replace(Phase& phase) const;
    void replace(TestResult& result) const;

    std::string root_;
    std::vector<std::string> workspaces_;
};

}  // namespace xgrid::client
