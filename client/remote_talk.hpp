// The conversation with what runs on the way to a host, and there: lines in; what it is to be
// given, and in the end why there was no worker, or is none any more. Pure.
//
//   MARK hop                  a host on the way: waits for its script
//   MARK here SYSTEM          the host itself
//   MARK need cat|gzip -dc    it lacks the program: waits for a line with its length, and for it
//   MARK start                the worker runs
//   MARK end STATUS           the worker has ended
//   MARK fail WHAT ...        no worker: tool, system, forwarding, home, write, damaged, start, end
//
// Lines without the mark are somebody else's: what a login shell prints.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace xgrid::client {

enum class RemoteStage : std::uint8_t { connecting, arrived, working, ended };

enum class RemoteWant : std::uint8_t { nothing, script, plain_program, packed_program };

/// All that is known when a connection has ended.
struct RemoteEnd {
    std::string spec;                             // as the user wrote it
    std::vector<std::string> hosts;               // on the way, the last one is meant; at least one
    std::vector<std::string> commands;            // that reach each from the one before
    std::size_t reached = 0;                      // so many of them have spoken
    RemoteStage stage = RemoteStage::connecting;  // the last before the end
    std::string failed;                           // what followed `fail`
    int worker_status = -1;                       // what followed `end`; -1: nothing
    std::string how;                              // ssh ended; empty: it is still there
    std::vector<std::string> lines;               // what was said to people, the last of it
    std::string system;                           // that this program is for
    std::uint64_t program_bytes = 0;
};

/// Why there is no worker, and what to do about it.
std::string explain(const RemoteEnd& end);

/// Why nothing is reached by a way that stands, as ssh has said; empty: it has said nothing.
std::string explain_refusal(const RemoteEnd& end);

class RemoteTalk {
public:
    explicit RemoteTalk(std::string mark) : mark_(std::move(mark)) {}

    /// A line that it prints.
    RemoteWant hear(std::string_view line);
    /// A line among its errors, or ssh's own. What is returned is for the user, if not empty.
    std::string hear_error(std::string_view line);

    RemoteStage stage() const { return stage_; }
    /// How many hosts have spoken.
    std::size_t reached() const { return reached_; }
    /// As far as it is known here.
    RemoteEnd end() const;

private:
    void remember(std::string_view line);

    std::string mark_;
    RemoteStage stage_ = RemoteStage::connecting;
    RemoteStage before_end_ = RemoteStage::connecting;
    std::size_t reached_ = 0;
    std::string failed_;
    int worker_status_ = -1;
    std::deque<std::string> lines_;
};

}  // namespace xgrid::client
