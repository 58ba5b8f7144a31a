// What reports call the environments of a run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

class EnvironmentNames {
public:
    EnvironmentNames() = default;
    /// As they were asked for; one that was not asked for in any particular way is "local".
    explicit EnvironmentNames(const RunSpec& spec);

    /// The run has more than one, so that it matters which.
    bool several() const { return names_.size() > 1; }
    /// It has, and every test is run in each.
    bool each() const { return each_ && several(); }
    std::size_t size() const { return names_.size(); }
    /// A number that a broker made up has a name, too.
    std::string operator[](std::uint32_t environment) const;

private:
    std::vector<std::string> names_ = {"local"};
    bool each_ = false;
};

}  // namespace xgrid::client
