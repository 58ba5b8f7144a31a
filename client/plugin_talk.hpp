// The first words between a submit and the pytest plugin that started it, over their socket: which
// nodes there will be, and what the plugin's session has them told. Events follow
// (plugin_lines.hpp).
//
//   submit -> plugin   {"nodes": [{"id", "spec"}, ...], "testrunuid"}
//   plugin -> submit   [{...}, ..., {...}]   workerinput of each node; the last one is for
//   replacements
#pragma once

#include "shared/messages.hpp"

namespace xgrid::client {

/// Puts the answer into `spec`. From now on this process dies with the plugin's. Throws Fatal if
/// there is no answer.
void talk_to_plugin(int socket, RunSpec& spec);

}  // namespace xgrid::client
