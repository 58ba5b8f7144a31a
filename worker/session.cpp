#include "worker/session.hpp"

#include <cerrno>
#include <cstring>
#include <signal.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/ensure.hpp"
#include "shared/process.hpp"

namespace xgrid::worker {
namespace {

const std::uint8_t status_kind = static_cast<std::uint8_t>(Message(Status{}).index());
const std::uint8_t want_kind = static_cast<std::uint8_t>(Message(Want{}).index());

std::vector<std::string> command_for(const Options& options, const std::string& endpoint,
                                     const Listener::Start& begin) {
    // To the worker its broker seems to be on this machine.
    const std::string compress =
        options.compress == "auto" ? (begin.pack ? "always" : "never") : options.compress;
    std::vector<std::string> words = {"xgrid",        "worker",
                                      "--broker",     endpoint,
                                      "--slots",      std::to_string(begin.slots),
                                      "--label",      std::string(host_label) + "=" + begin.label,
                                      "--cache",      options.cache.string(),
                                      "--cache-size", std::to_string(options.cache_bytes_max),
                                      "--compress",   compress};
    if (!options.name.empty()) words.insert(words.end(), {"--name", options.name});
    for (const auto& [name, value] : options.labels) {
        if (name != host_label) words.insert(words.end(), {"--label", name + "=" + value});
    }
    return words;
}

// A program of its own: a copy of this one would hold its connections, and its keys.
pid_t start(std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) throw Fatal(fmt::format("cannot start a worker: {}", std::strerror(errno)));
    if (child > 0) return child;
    setpgid(0, 0);  // a terminal's Ctrl-C is for the one that listens
    die_with_parent(SIGTERM, parent);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execv("/proc/self/exe", pointers.data());
    _exit(127);
}

}  // namespace

Session::Session(Context& context, const Options& options, const std::string& endpoint,
                 const Listener::Start& begin)
    : router_(context, endpoint), process_(start(command_for(options, endpoint, begin))) {}

void Session::end() {
    kill(process_, ending_ ? SIGKILL : SIGTERM);
    ending_ = true;
}

std::optional<Session::Said> Session::receive() {
    while (std::optional<Received> received = router_.receive()) {
        if (received->frames.empty()) {
            router_.send(received->peer, encode(Welcome{}));
            continue;
        }
        const std::optional<std::uint8_t> kind = message_kind(received->views());
        if (kind == status_kind) {
            control_ = received->peer;
            return Said{Line::control, *std::move(received)};
        }
        if (kind == want_kind) {
            content_ = received->peer;
            return Said{Line::content, *std::move(received)};
        }
    }
    return std::nullopt;
}

void Session::pass_on(Line line, Received&& message) {
    const std::string& to = line == Line::control ? control_ : content_;
    if (!to.empty()) router_.pass_on(to, std::move(message));
}

void Session::greet() {
    for (const std::string& to : {control_, content_}) {
        if (!to.empty()) router_.send(to, encode(Welcome{}));
    }
}

}  // namespace xgrid::worker
