#include "client/grid.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "shared/ensure.hpp"
#include "shared/process.hpp"

namespace xgrid::client {

Grid::Grid(const Options& options)
    : hosts_(options.hosts), signals_({SIGINT, SIGTERM, SIGHUP, SIGCHLD}) {
    if (options.broker.empty()) {
        embedded_.emplace(options);
        remotes_.emplace(options.hosts, embedded_->endpoint().substr(strlen("ipc://")));
    }
    raise_descriptor_limit();
    endpoint_ = options.broker.empty() ? embedded_->endpoint() : options.broker;
    context_.emplace();
    for (const Host& host : hosts_) {
        if (host.reach == Reach::socket && !through_ssh(host)) dial(host, "");
    }
}

void Grid::dial(const Host& host, const std::string& way) {
    dialers_.push_back(std::make_unique<Dialer>(*context_, endpoint_, host, way, random_token()));
}

void Grid::dial_by(const RemoteNews& news) {
    const auto host = std::ranges::find(hosts_, news.host, &Host::label);
    ensure(host != hosts_.end(), "a way leads to a host");
    dial(*host, news.way);
}

std::string Grid::look_after() { return embedded_ ? embedded_->look_after() : ""; }

void Grid::watch(std::vector<zmq::pollitem_t>& items) const {
    items.push_back({nullptr, signals_.descriptor(), ZMQ_POLLIN, 0});
    if (remotes_) {
        for (const auto& [descriptor, write] : remotes_->watched()) {
            const short events = write ? ZMQ_POLLOUT : ZMQ_POLLIN;
            items.push_back({nullptr, descriptor, events, 0});
        }
    }
    for (const std::unique_ptr<Dialer>& dialer : dialers_) {
        items.push_back({nullptr, dialer->descriptor(), ZMQ_POLLIN, 0});
    }
}

Instant Grid::next_deadline() const { return remotes_ ? remotes_->next_deadline() : never; }

void Grid::attend(Instant now) {
    if (remotes_) hear_remotes(now);
    for (const std::unique_ptr<Dialer>& dialer : dialers_) {
        const Dialer::News news = dialer->collect();
        for (const std::string& note : news.notes) {
            news_.push_back({.where = dialer->host().spec.text, .note = note});
        }
        if (!news.trouble.empty()) lose(dialer->host(), news);
    }
}

void Grid::hear_remotes(Instant now) {
    for (const RemoteNews& news : remotes_->look(now)) {
        if (!news.way.empty()) dial_by(news);
        if (!news.output.empty()) {
            news_.push_back({.where = remotes_->name_of(news.host), .output = news.output});
        }
        if (news.trouble.empty()) continue;
        std::erase_if(dialers_,
                      [&](const auto& dialer) { return dialer->host().label == news.host; });
        lost_.emplace(news.host, news.trouble);
    }
}

void Grid::lose(const Host& host, const Dialer::News& news) {
    std::string why = host.spec.text + " " + news.trouble;
    if (through_ssh(host)) {
        const std::string refusal = news.unreached ? remotes_->refusal(host.label) : "";
        if (!refusal.empty()) why = refusal;
        remotes_->let_go(host.label);
    }
    lost_.emplace(host.label, why);
}

std::vector<GridNews> Grid::news() { return std::exchange(news_, {}); }

void Grid::end() {
    dialers_.clear();
    remotes_.reset();
    if (embedded_) embedded_->end();
}

}  // namespace xgrid::client
