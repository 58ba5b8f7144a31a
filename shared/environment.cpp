#include "shared/environment.hpp"

#include <algorithm>
#include <utility>

namespace xgrid {

std::vector<Environment> environments_of(const RunSpec& spec) {
    if (!spec.environments.empty()) return spec.environments;
    return {{.slots = std::max(spec.slots, 1U)}};
}

RunSpec in_environment(RunSpec spec, std::uint32_t number) {
    const std::vector<Environment> all = std::exchange(spec.environments, {});
    if (number >= all.size()) return spec;
    const Environment& here = all[number];
    if (!here.interpreter.empty()) {
        spec.interpreter = here.interpreter.front();
        spec.interpreter_arguments.assign(here.interpreter.begin() + 1, here.interpreter.end());
    }
    for (const auto& [name, value] : here.variables) spec.environment[name] = value;
    spec.nice = here.nice;
    if (here.in_place) spec.tree.reset();
    if (spec.tree) spec.tree->folder = here.folder;
    return spec;
}

}  // namespace xgrid
