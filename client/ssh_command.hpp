// What is run to reach a host through ssh, and what runs there. Pure; knows no process.
//
//   sh -c CONNECT          here: becomes   ssh -R THERE:HERE [OPTIONS] HOST 'exec sh -c ...'
//     exec sh -c ...       on each host: reads a script of settled length from its input, and runs
//                          it; on hosts on the way CONNECT again, on the last one REMOTE
//                          (bootstrap/*.sh)
//
// To a worker that listens it is   ssh -L HERE:THERE   instead, with PASS on the last host.
//
// Login shells of any kind take what ssh has them run: it has neither a quote nor a backslash
// within its quotes, and no line end. All else is read by sh.
//
// Rejected: sh that reads its script from its input, as `ssh HOST sh`: some read on beyond it, into
// what is for the script. And ssh -J for hosts on the way: the keys and names of `via` are those of
// the host on the way, not ours.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "client/environments.hpp"
#include "shared/digest.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

/// One word for sh, whatever is in it.
std::string shell_word(std::string_view text);

/// The host among ssh's arguments; empty: there is none.
std::string host_among(const std::vector<std::string>& ssh_arguments);

/// Error: ssh= cannot be split into words, or names no host.
Result<std::vector<std::string>> ssh_arguments(const XSpec& spec);

/// As people call it: user and host, as ssh= has them. For specs that ssh_arguments() takes.
std::string host_name_of(const XSpec& spec);

/// What a person would type to reach it.
std::string command_by_hand(const XSpec& spec);

/// The way from here to a host, by which its worker reaches the broker; or to the last host before
/// a worker that listens, by which we reach that.
struct Way {
    std::string mark;  // random; begins each line that is a word to us
    bool to_listener = false;
    std::string socket;                // here: the broker's, or what leads to the listener
    std::vector<XSpec> hops;           // the last one is the host
    std::vector<std::string> sockets;  // by hop: where the way goes on there; in the end, to a
                                       // listener, its HOST:PORT
};

/// `socket` is a path, here.
Way way_to(const Host& host, const std::string& mark, const std::string& socket);

/// Runs ssh to the first hop, when given to execvp.
std::vector<std::string> local_command(const Way& way);

/// For the input of the hop of that number, which is not the last: goes on to the next.
std::string hop_script(const Way& way, std::size_t hop);

/// What is to run on the host.
struct RemoteWorker {
    std::string system;  // as `uname -s -m` has it
    ObjectId program;
    std::uint64_t program_bytes = 0;
    std::string loader;  // empty: the program needs none
    std::uint32_t slots = 1;
    std::map<std::string, std::string> labels;
    bool pack = true;  // what travels there
};

/// For the input of the last hop, of a way to a listener.
std::string pass_script(const Way& way);

/// For the input of the last hop, of any other.
std::string remote_script(const Way& way, const RemoteWorker& worker);

}  // namespace xgrid::client
