#include "client/plugin_talk.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>

#include "shared/ensure.hpp"
#include "shared/process.hpp"

namespace xgrid::client {
namespace {

using Json = nlohmann::ordered_json;

std::string nodes_line(const RunSpec& spec) {
    Json nodes = Json::array();
    for (const Environment& environment : spec.environments) {
        for (std::uint32_t i = 0; i < environment.slots; ++i) {
            const bool named = i == 0 && !environment.slot_name.empty();
            nodes.push_back(
                {{"id", named ? environment.slot_name : "gw" + std::to_string(nodes.size())},
                 {"spec", environment.name}});
        }
    }
    const Json line = {{"nodes", std::move(nodes)}, {"testrunuid", spec.testrun_uid}};
    return line.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

void write_all(int socket, const std::string& text) {
    for (std::size_t written = 0; written < text.size();) {
        const ssize_t count = write(socket, text.data() + written, text.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw Fatal("cannot talk to the pytest plugin");
        written += static_cast<std::size_t>(count);
    }
}

std::string read_line(int socket) {
    std::string line;
    for (char letter = 0; letter != '\n';) {
        const ssize_t count = read(socket, &letter, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw Fatal("the pytest plugin is gone");
        line += letter;
    }
    return line;
}

}  // namespace

void talk_to_plugin(int socket, RunSpec& spec) {
    die_with_parent(SIGTERM, getppid());
    std::signal(SIGPIPE, SIG_IGN);
    write_all(socket, nodes_line(spec));
    const Json inputs = Json::parse(read_line(socket), nullptr, false);
    const bool understood = inputs.is_array() && std::ranges::all_of(inputs, &Json::is_object);
    if (!understood) throw Fatal("cannot understand the pytest plugin");
    for (const Json& input : inputs) spec.inputs.push_back(input.dump());
}

}  // namespace xgrid::client
