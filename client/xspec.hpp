// Where tests run, as one line says it: execnet's xspec, with xgrid's additions. Pure; knows no
// option, no file, and not which of all this can be served.
//
//   [NUM*]PART//PART...           values may hold blanks, '=' and single slashes, but no "//"
//
//   popen                         this machine, one of these three
//   ssh=[OPTIONS] HOST            a host, with arguments for ssh
//   socket=HOST[:PORT]            `xgrid worker --listen` there (8888); IPv6 in brackets
//   python=COMMAND                the interpreter, with arguments: python=python3 -X dev
//   chdir=FOLDER  nice=N  env:NAME=VALUE  id=NAME  via=ID
//   ssh_config=FILE               for ssh
//   label:NAME=VALUE  slots=N     what is neither popen, ssh nor socket is served by a broker's
//                                 workers that have these labels
//
// Of execnet's other parts `dont_write_bytecode` is the environment variable it stands for, and
// `execmodel=thread` and `=main_thread_only` are taken and mean nothing: tests run in the main
// thread. What would change how tests run (gevent, eventlet) or where (vagrant_ssh, installvia) is
// an error, as is an unknown part; execnet takes those without a word.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/result.hpp"

namespace xgrid::client {

enum class Reach : std::uint8_t { popen, ssh, socket, broker };

constexpr std::uint32_t environments_most = 1024;
constexpr std::uint16_t socket_port = 8888;

struct XSpec {
    std::string text;         // as it was given, without NUM*
    std::uint32_t count = 1;  // so many of them
    Reach reach = Reach::popen;
    std::string ssh;  // arguments for ssh, the host among them
    std::string host;
    std::uint16_t port = socket_port;
    std::vector<std::string> python;  // the command and its arguments; empty: the run's
    std::string chdir;
    std::optional<int> nice;
    std::map<std::string, std::string> variables;
    std::string id;
    std::string via;
    std::string ssh_config;
    std::map<std::string, std::string> labels;
    std::optional<std::uint32_t> slots;

    friend bool operator==(const XSpec&, const XSpec&) = default;
};

/// Error: what is wrong with which part of which spec.
Result<XSpec> parse_xspec(std::string_view text);

/// What single specs cannot tell. Not empty: an id that is there twice; a `via` that leads to
/// nobody, to itself, or in a circle; a proxy without an id, or with NUM*.
std::string fault_of_all(const std::vector<XSpec>& environments, const std::vector<XSpec>& proxies);

}  // namespace xgrid::client
