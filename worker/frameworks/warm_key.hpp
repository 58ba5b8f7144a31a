// What decides which process a slot is forked from, a warm interpreter or `xgrid slots`: all that
// must be in place before one starts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::worker {

struct WarmKey {
    std::vector<std::string> command;  // the interpreter, with arguments; empty: none, but xgrid
    std::string directory;
    std::map<std::string, std::string> variables;
    int nice = 0;

    friend auto operator<=>(const WarmKey&, const WarmKey&) = default;
};

/// The one for slots with that specification.
inline WarmKey warm_key(const RunSpec& spec) {
    WarmKey key{.directory = spec.directory, .variables = spec.environment, .nice = spec.nice};
    if (spec.framework != "pytest") return key;
    key.command = {spec.interpreter};
    key.command.insert(key.command.end(), spec.interpreter_arguments.begin(),
                       spec.interpreter_arguments.end());
    return key;
}

}  // namespace xgrid::worker
