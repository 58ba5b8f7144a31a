// Where a client's runs take place: a broker, and the workers that come about for it. Outlives a
// run, so that the next finds interpreters and connections as they are. Owns them, the signals, and
// that nothing is left in the end.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/dialer.hpp"
#include "client/embedded.hpp"
#include "client/options.hpp"
#include "client/remote_hosts.hpp"
#include "shared/instant.hpp"
#include "shared/signals.hpp"
#include "shared/socket.hpp"

namespace xgrid::client {

/// What has come up beside the runs.
struct GridNews {
    std::string where;   // as messages call it
    std::string output;  // printed there
    std::string note;
};

class Grid {
public:
    /// Starts what is needed. To be called while this process has one thread. Throws Fatal.
    explicit Grid(const Options& options);
    Grid(const Grid&) = delete;
    Grid& operator=(const Grid&) = delete;
    /// As end().
    ~Grid() { end(); }

    Context& context() { return *context_; }
    const std::string& endpoint() const { return endpoint_; }
    Signals& signals() { return signals_; }

    /// To be called when a child has ended. Not empty: one that is needed is gone, and how.
    std::string look_after();

    /// Adds what to wait for, signals too.
    void watch(std::vector<zmq::pollitem_t>& items) const;
    Instant next_deadline() const;
    /// To be called when there is something of that.
    void attend(Instant now);

    /// All that has come up since the last time.
    std::vector<GridNews> news();
    /// Hosts that cannot be had, or not any more, by their label; and why.
    const std::map<std::string, std::string>& lost() const { return lost_; }

    /// Ends everything; returns when nothing is left.
    void end();

private:
    void dial(const Host& host, const std::string& way);
    void dial_by(const RemoteNews& news);
    void hear_remotes(Instant now);
    void lose(const Host& host, const Dialer::News& news);

    std::vector<Host> hosts_;
    Signals signals_;
    std::optional<Embedded> embedded_;
    std::optional<RemoteHosts> remotes_;
    std::string endpoint_;
    std::optional<Context> context_;
    std::vector<std::unique_ptr<Dialer>> dialers_;
    std::vector<GridNews> news_;
    std::map<std::string, std::string> lost_;
};

}  // namespace xgrid::client
