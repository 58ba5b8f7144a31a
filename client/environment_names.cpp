#include "client/environment_names.hpp"

namespace xgrid::client {

EnvironmentNames::EnvironmentNames(const RunSpec& spec) : each_(spec.each) {
    if (spec.environments.empty()) return;
    names_.clear();
    for (const Environment& one : spec.environments) names_.push_back(one.name);
    if (!several() && (names_[0].empty() || names_[0] == "popen")) names_[0] = "local";
}

std::string EnvironmentNames::operator[](std::uint32_t environment) const {
    return environment < names_.size() ? names_[environment]
                                       : "environment " + std::to_string(environment);
}

}  // namespace xgrid::client
