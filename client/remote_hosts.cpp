#include "client/remote_hosts.hpp"

#include <algorithm>
#include <chrono>

#include "shared/process.hpp"
#include "shared/socket.hpp"

namespace xgrid::client {
namespace {

// A worker leaves within these, whatever it is at.
constexpr Duration leave_limit = std::chrono::seconds(5);
constexpr Duration ask_interval = std::chrono::milliseconds(100);

Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

RemoteHosts::RemoteHosts(const std::vector<Host>& hosts, const std::string& broker_socket) {
    for (const Host& host : hosts) {
        if (!through_ssh(host)) continue;
        const std::string socket =
            host.reach == Reach::ssh ? broker_socket : broker_socket + "-to-" + host.label;
        hosts_.push_back(std::make_unique<RemoteHost>(host, socket, random_token(), now()));
    }
    if (!hosts_.empty()) programs_.emplace();
}

RemoteHosts::~RemoteHosts() { end(); }

std::vector<std::pair<int, bool>> RemoteHosts::watched() const {
    std::vector<std::pair<int, bool>> all;
    if (programs_) all.emplace_back(programs_->descriptor(), false);
    for (const auto& host : hosts_) {
        const auto of_host = host->watched();
        all.insert(all.end(), of_host.begin(), of_host.end());
    }
    return all;
}

Instant RemoteHosts::next_deadline() const {
    Instant next = never;
    for (const auto& host : hosts_) next = std::min(next, host->next_deadline());
    return next;
}

std::vector<RemoteNews> RemoteHosts::look(Instant now) {
    std::vector<RemoteNews> all;
    if (!programs_) return all;
    programs_->take_notice();
    for (const auto& host : hosts_) {
        RemoteNews news = host->look(now, *programs_);
        if (news != RemoteNews{.host = news.host}) all.push_back(std::move(news));
    }
    return all;
}

RemoteHost* RemoteHosts::find(const std::string& label) const {
    const auto found =
        std::ranges::find_if(hosts_, [&](const auto& host) { return host->label() == label; });
    return found == hosts_.end() ? nullptr : found->get();
}

std::string RemoteHosts::refusal(const std::string& label) {
    RemoteHost* host = find(label);
    return host == nullptr ? "" : host->refusal();
}

void RemoteHosts::let_go(const std::string& label) {
    if (RemoteHost* host = find(label)) host->let_go();
}

std::string RemoteHosts::name_of(const std::string& label) const {
    const RemoteHost* host = find(label);
    return host == nullptr ? label : host->name();
}

void RemoteHosts::end() {
    for (const auto& host : hosts_) host->let_go();
    const Instant kill_at = now() + leave_limit;
    while (now() < kill_at) {
        look(now());
        if (std::ranges::all_of(hosts_, [](const auto& host) { return host->gone(); })) break;
        std::vector<zmq::pollitem_t> items;
        for (const auto& [descriptor, write] : watched()) {
            items.push_back({nullptr, descriptor, ZMQ_POLLIN, 0});
        }
        wait_for(items, ask_interval);
    }
    hosts_.clear();
    programs_.reset();
}

}  // namespace xgrid::client
