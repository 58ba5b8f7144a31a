#include "worker/listen.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <netdb.h>
#include <optional>
#include <set>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "shared/address.hpp"
#include "shared/codec.hpp"
#include "shared/curve.hpp"
#include "shared/ensure.hpp"
#include "shared/handshakes.hpp"
#include "shared/notices.hpp"
#include "shared/process.hpp"
#include "shared/signals.hpp"
#include "shared/socket.hpp"
#include "shared/socket_folder.hpp"
#include "worker/listener.hpp"
#include "worker/session.hpp"
#include "worker/worker_keys.hpp"

namespace xgrid::worker {
namespace {

// Messages taken from one connection in one turn, so that no peer keeps others waiting.
constexpr int messages_per_turn = 64;
// Workers that were asked to end have so long before they are ended.
constexpr Duration end_limit = std::chrono::seconds(6);
constexpr auto strays_grace = std::chrono::milliseconds(200);
// Of peers that were turned away a line is printed so often.
constexpr Duration report_interval = std::chrono::seconds(10);

Instant now() { return std::chrono::steady_clock::now(); }

// The address of a name, in numbers.
std::string number_of(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (error != 0) {
        throw Fatal(fmt::format("--listen: cannot find {}: {}", host, gai_strerror(error)), 4);
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
    // Of a name with both, which "localhost" often is, everybody knows the older one.
    const addrinfo* best = found;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        if (each->ai_family == AF_INET) {
            best = each;
            break;
        }
    }
    char text[NI_MAXHOST] = {};
    getnameinfo(best->ai_addr, best->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    return text;
}

std::string endpoint_for(const Options& options) {
    Address address = *options.listen;
    if (address.host == "*") address.host = "0.0.0.0";
    address.host = number_of(address.host);
    if (options.insecure && !is_loopback(address.host)) {
        throw Fatal(fmt::format("--insecure: without keys only this machine can be served, and {} "
                                "can be reached from others",
                                text_of(address)),
                    4);
    }
    return "tcp://" + text_of(address);
}

// None: none are asked for.
std::optional<WorkerKeys> keys_for(const Options& options) {
    if (options.insecure) return std::nullopt;
    if (options.token_file.empty()) return make_worker_keys();
    Result<WorkerKeys> keys = keys_of_file(options.token_file);
    if (!keys) throw Fatal("--token-file: " + keys.error(), 4);
    return *keys;
}

class Listen {
public:
    explicit Listen(const Options& options)
        : options_(options),
          notices_("worker", options.log_json),
          signals_({SIGTERM, SIGINT, SIGHUP, SIGCHLD}),
          keys_(keys_for(options)),
          core_(options.slots) {
        const std::string endpoint = endpoint_for(options);
        folder_ = make_socket_folder();
        sweeper_ = remove_when_gone(folder_);
        raise_descriptor_limit();
        Context& context = context_.emplace();
        if (keys_) {
            gate_.emplace(context, std::set{public_of(keys_->client_secret)});
            front_.emplace(context, endpoint, keys_->worker_secret);
        } else {
            front_.emplace(context, endpoint);
        }
        handshakes_.emplace(context, front_->socket());
    }

    ~Listen() {
        end_sessions();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    void announce() const {
        const std::string where = front_->endpoint().substr(std::string("tcp://").size());
        std::string how = "without keys (--insecure)";
        if (keys_ && options_.token_file.empty()) {
            how = "clients need XGRID_TOKEN=" + text_of(token_for(*keys_));
        } else if (keys_) {
            how = fmt::format("clients need XGRID_TOKEN with the token in {}",
                              options_.token_file.string());
        }
        fmt::print("xgrid worker: listening on {} with {} slot{}; {}\n", where, options_.slots,
                   options_.slots == 1 ? "" : "s", how);
        std::fflush(stdout);
    }

    void run() {
        while (!leaving_) {
            obey_signals();
            if (gate_) gate_->answer();
            hear_clients();
            hear_workers();
            hear_handshakes();
            carry_out(core_.advance(now()));
            end_late_ones();
            report_turned_away();
            wait();
        }
    }

private:
    void obey_signals() {
        while (const std::optional<int> signal = signals_.next()) {
            if (*signal == SIGCHLD) {
                bury();
            } else {
                leaving_ = true;
            }
        }
    }

    // Processes whose worker has died come to us, and go.
    void bury() {
        int status = 0;
        bool worker_died = false;
        while (const pid_t gone = waitpid(-1, &status, WNOHANG)) {
            if (gone < 0) break;
            const auto session = std::ranges::find_if(
                sessions_, [&](const auto& entry) { return entry.second->process() == gone; });
            if (session == sessions_.end()) continue;
            const SessionKey key = session->first;
            sessions_.erase(session);
            end_by_.erase(key);
            worker_died = true;
            gone_.emplace_back(key, fmt::format("the worker there was {}", describe_exit(status)));
        }
        if (!worker_died) return;
        std::set<pid_t> kept = {sweeper_};
        for (const auto& [key, session] : sessions_) kept.insert(session->process());
        end_descendants(strays_grace, kept);
        // Only now are its slots free.
        for (const auto& [key, how] : std::exchange(gone_, {})) {
            say(key, "its slots are free again");
            carry_out(core_.worker_gone(key, how));
        }
    }

    void hear_clients() {
        for (int taken = 0; taken < messages_per_turn; ++taken) {
            std::optional<Received> received = front_->receive();
            if (!received) return;
            take(*std::move(received));
        }
        more_ = true;
    }

    void take(Received&& received) {
        const std::string from = received.peer;
        if (received.frames.empty()) {
            front_->send(from, encode(Welcome{}));
            return;
        }
        const std::optional<std::uint8_t> kind = message_kind(received.views());
        if (kind && *kind < dial_kinds) return to_worker(from, std::move(received));
        Result<DialMessage> message = decode_dial(received.views());
        const Dial* dial = message ? std::get_if<Dial>(&*message) : nullptr;
        if (dial == nullptr) {
            front_->send(from, encode(Refusal{message ? "this is a worker: it takes calls"
                                                      : message.error()}));
            return;
        }
        if (const int connection = connection_of(received); connection >= 0) {
            connections_[connection] = from;
        }
        carry_out(core_.receive(now(), from, *dial));
    }

    void to_worker(const std::string& from, Received&& received) {
        const auto to = core_.session_of(from);
        if (!to) return;
        const auto session = sessions_.find(to->first);
        if (session != sessions_.end()) session->second->pass_on(to->second, std::move(received));
    }

    void hear_workers() {
        for (auto& [key, session] : sessions_) {
            int taken = 0;
            for (; taken < messages_per_turn; ++taken) {
                std::optional<Session::Said> said = session->receive();
                if (!said) break;
                const std::string to = core_.connection_of(key, said->line);
                if (!to.empty()) front_->pass_on(to, std::move(said->message));
            }
            if (taken == messages_per_turn) more_ = true;
        }
    }

    void carry_out(const Listener::Effects& effects) {
        for (const Listener::Start& start : effects.start) begin(start);
        for (const SessionKey key : effects.end) {
            const auto session = sessions_.find(key);
            if (session == sessions_.end()) continue;
            session->second->end();
            end_by_[key] = now() + end_limit;
        }
        for (const auto& [to, answer] : effects.send) front_->send(to, encode_dial(answer));
        for (const SessionKey key : effects.connected) {
            const auto session = sessions_.find(key);
            if (session != sessions_.end()) session->second->greet();
        }
    }

    void begin(const Listener::Start& start) {
        try {
            const std::string endpoint = fmt::format("ipc://{}/{}", folder_, start.session);
            sessions_.emplace(start.session,
                              std::make_unique<Session>(*context_, options_, endpoint, start));
            say(start.session,
                fmt::format("has {} slot{}", start.slots, start.slots == 1 ? "" : "s"));
        } catch (const std::exception& error) {
            carry_out(core_.worker_gone(start.session, error.what()));
        }
    }

    void end_late_ones() {
        for (auto& [key, by] : end_by_) {
            if (now() < by) continue;
            sessions_.at(key)->end();
            by = never;
        }
    }

    void say(SessionKey key, const std::string& what) const {
        notices_.say(fmt::format("session {} {}", key, what));
    }

    void hear_handshakes() {
        while (const std::optional<Handshake> handshake = handshakes_->next()) {
            if (*handshake == Handshake::failed || *handshake == Handshake::denied) ++turned_away_;
            if (*handshake != Handshake::lost) continue;
            const auto lost = connections_.extract(handshakes_->connection());
            if (!lost.empty()) core_.connection_gone(now(), lost.mapped());
        }
    }

    // Not each: whoever can reach the port can fail as often as he likes.
    void report_turned_away() {
        if (turned_away_ == reported_ || now() < report_at_) return;
        notices_.say(Level::warning,
                     fmt::format("{} connection{} turned away so far: {}", turned_away_,
                                 turned_away_ == 1 ? " was" : "s were",
                                 keys_ ? "no token, another one, or no xgrid"
                                       : "they do not speak as xgrid without a token does"));
        reported_ = turned_away_;
        report_at_ = now() + report_interval;
    }

    void wait() {
        std::vector<zmq::pollitem_t> items = {{nullptr, signals_.descriptor(), ZMQ_POLLIN, 0},
                                              front_->poll_item(),
                                              handshakes_->poll_item()};
        if (gate_) items.push_back(gate_->poll_item());
        for (auto& [key, session] : sessions_) items.push_back(session->poll_item());
        Instant until = core_.next_deadline();
        for (const auto& [key, by] : end_by_) until = std::min(until, by);
        if (turned_away_ != reported_) until = std::min(until, report_at_);
        if (std::exchange(more_, false)) until = now();
        if (!leaving_) wait_for(items, until == never ? std::chrono::hours(1) : until - now());
    }

    void end_sessions() {
        for (auto& [key, session] : sessions_) session->end();
        const Instant by = now() + end_limit;
        while (!sessions_.empty() && now() < by) {
            std::vector<zmq::pollitem_t> items = {{nullptr, signals_.descriptor(), ZMQ_POLLIN, 0}};
            wait_for(items, by - now());
            while (signals_.next()) {
            }
            std::erase_if(sessions_, [](const auto& entry) {
                return waitpid(entry.second->process(), nullptr, WNOHANG) != 0;
            });
        }
        for (auto& [key, session] : sessions_) session->end();
        end_descendants(strays_grace);
    }

    const Options& options_;
    Notices notices_;
    Signals signals_;
    std::optional<WorkerKeys> keys_;
    Listener core_;
    std::string folder_;
    pid_t sweeper_ = 0;
    std::optional<Context> context_;
    std::optional<Gate> gate_;
    std::optional<Router> front_;
    std::optional<Handshakes> handshakes_;
    std::map<SessionKey, std::unique_ptr<Session>> sessions_;
    std::map<SessionKey, Instant> end_by_;
    std::map<int, std::string> connections_;  // that sessions were dialled by
    std::vector<std::pair<SessionKey, std::string>> gone_;
    std::uint64_t turned_away_ = 0;
    std::uint64_t reported_ = 0;
    Instant report_at_;
    bool more_ = false;
    bool leaving_ = false;
};

}  // namespace

int listen(const Options& options) {
    adopt_orphans();
    Listen loop(options);
    loop.announce();
    loop.run();
    return 0;
}

}  // namespace xgrid::worker
