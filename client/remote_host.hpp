// One host whose worker is brought about through ssh, or that is on the way to one that listens:
// the process of ssh, what it says, and what it is given. Owns the process group, which is gone
// with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "client/program.hpp"
#include "client/remote_talk.hpp"
#include "client/ssh_command.hpp"
#include "shared/instant.hpp"

namespace xgrid::client {

struct RemoteNews {
    std::string host;     // label
    std::string output;   // whole lines that it printed for people
    std::string way;      // not empty: this socket leads to the worker that listens, from now on
    std::string trouble;  // not empty: there is no worker, or none any more, and why

    friend bool operator==(const RemoteNews&, const RemoteNews&) = default;
};

class RemoteHost {
public:
    /// Starts ssh. To be called while this process has one thread.
    RemoteHost(const Host& host, const std::string& socket, const std::string& mark, Instant now);
    RemoteHost(const RemoteHost&) = delete;
    RemoteHost& operator=(const RemoteHost&) = delete;
    ~RemoteHost();

    const std::string& label() const { return host_.label; }
    std::string name() const { return host_name_of(host_.spec); }

    /// Descriptors, and whether it wants to write there too.
    std::vector<std::pair<int, bool>> watched() const;
    Instant next_deadline() const;

    /// Reads, and writes what is due. Trouble is told once.
    RemoteNews look(Instant now, ProgramTask& programs);

    /// Of a way to a worker that listens: why nothing is reached by it, as ssh has said by now;
    /// empty: it has said nothing of that.
    std::string refusal();

    /// It has what it needs to know to leave by itself.
    void let_go();
    /// No process of it is left here.
    bool gone() const { return pid_ == 0; }
    void kill_group(int signal) const;

private:
    void start();
    void read_words(std::string& errors);
    void answer(RemoteWant want);
    void give(ProgramTask& programs);
    void write();
    void wait_for_process();
    std::string fault(Instant now) const;
    RemoteEnd end_so_far() const;

    Host host_;
    Way way_;
    RemoteTalk talk_;
    pid_t pid_ = 0;
    Descriptor input_;  // of ssh; its end is the worker's
    Descriptor output_;
    Descriptor errors_;
    std::string said_;    // the beginning of a line
    std::string stated_;  // likewise, among errors
    std::string to_write_;
    std::size_t written_ = 0;
    RemoteWant want_ = RemoteWant::nothing;
    std::optional<Program> program_;
    std::string failure_;  // of ours
    std::string how_;      // ssh ended
    Instant arrive_by_;
    bool way_told_ = false;
    bool told_ = false;  // trouble was
    bool let_go_ = false;
};

}  // namespace xgrid::client
