// All hosts of a run whose workers are brought about or reached through ssh, and the program that
// travels there. Each is reached while the others are, and while the run has begun.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/environments.hpp"
#include "client/program.hpp"
#include "client/remote_host.hpp"
#include "shared/instant.hpp"

namespace xgrid::client {

class RemoteHosts {
public:
    /// Starts ssh to each host among those that needs it. To be called while this process has one
    /// thread. `broker_socket` is a path; what leads to workers that listen is made beside it.
    RemoteHosts(const std::vector<Host>& hosts, const std::string& broker_socket);
    RemoteHosts(const RemoteHosts&) = delete;
    RemoteHosts& operator=(const RemoteHosts&) = delete;
    /// As end().
    ~RemoteHosts();

    /// Descriptors, and whether something is to be written there too.
    std::vector<std::pair<int, bool>> watched() const;
    Instant next_deadline() const;

    /// What has happened at which of them. Each that cannot be had is told of once.
    std::vector<RemoteNews> look(Instant now);

    /// As RemoteHost's, of that label.
    std::string refusal(const std::string& label);
    /// The host is not needed any more.
    void let_go(const std::string& label);

    /// As messages about it call that host.
    std::string name_of(const std::string& label) const;

    /// Returns when their workers have left and no process of ours is here, after some seconds at
    /// most.
    void end();

private:
    RemoteHost* find(const std::string& label) const;

    std::vector<std::unique_ptr<RemoteHost>> hosts_;
    std::optional<ProgramTask> programs_;
};

}  // namespace xgrid::client
