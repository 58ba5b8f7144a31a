#include "worker/frameworks/pytest_warm.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/cache_home.hpp"
#include "shared/process.hpp"

extern char** environ;

namespace xgrid::worker {
namespace {

constexpr std::size_t printed_bytes_max = 2000;
constexpr int leave_grace_ms = 300;

bool send_with_descriptors(int control, const std::string& line, const std::array<int, 5>& fds) {
    iovec piece{.iov_base = const_cast<char*>(line.data()), .iov_len = line.size()};
    alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof fds)] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = ancillary;
    message.msg_controllen = sizeof ancillary;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof fds);
    // The one request that is under way at a time fits into the socket's buffer, or is sent in
    // pieces: the descriptors go with the first.
    ssize_t count = sendmsg(control, &message, MSG_NOSIGNAL);
    std::size_t sent = 0;
    while (count > 0) {
        sent += static_cast<std::size_t>(count);
        if (sent == line.size()) return true;
        count = send(control, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    }
    return false;
}

std::vector<std::string> variables_with(const std::map<std::string, std::string>& more) {
    std::vector<std::string> all;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        if (!more.contains(text.substr(0, text.find('=')))) all.push_back(text);
    }
    for (const auto& [name, value] : more) all.push_back(fmt::format("{}={}", name, value));
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

// Counted from our own, as `nice` does. Before it has started anything.
bool make_nice(pid_t pid, int more) {
    const auto id = static_cast<id_t>(pid);
    return setpriority(PRIO_PROCESS, id, getpriority(PRIO_PROCESS, 0) + more) == 0;
}

// What else to say of a program that has said nothing. Takes away what it printed, if that is only
// what we gave it.
std::string not_python(std::string& printed) {
    const auto has = [&](std::string_view text) { return printed.find(text) != std::string::npos; };
    if (has("Python") || has("Traceback")) return "";
    if (has("xgrid_runner")) printed.clear();
    return " (it is no Python interpreter, it seems)";
}

// It leaves by itself once nobody needs it, and takes its locks with it; else it is killed.
bool wait_for_end(pid_t pid, int& status) {
    for (int waited_ms = 0; waited_ms < leave_grace_ms; ++waited_ms) {
        if (waitpid(pid, &status, WNOHANG) == pid) return true;
        poll(nullptr, 0, 1);
    }
    kill(pid, SIGKILL);
    return waitpid(pid, &status, 0) == pid;
}

}  // namespace

PytestWarm::PytestWarm(WarmKey key) : key_(std::move(key)) {
    if (!key_.command.empty()) modules_ = runner_modules();
    start();
}

PytestWarm::~PytestWarm() { leave(""); }

void PytestWarm::start() {
    int sockets[2];
    int pipes[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        return leave(strerror(errno));
    }
    control_ = Descriptor(sockets[0]);
    Descriptor theirs(sockets[1]);
    if (pipe2(pipes, O_CLOEXEC) != 0) return leave(strerror(errno));
    output_ = Descriptor(pipes[0]);
    Descriptor printing(pipes[1]);
    fcntl(output_.get(), F_SETFL, O_NONBLOCK);

    constexpr int fd_there = 3;
    const std::string fd_text = std::to_string(fd_there);
    std::vector<std::string> command = key_.command;
    if (key_.command.empty()) {
        command = {"/proc/self/exe", "slots", fd_text};
    } else {
        command.insert(command.end(),
                       {"-c", std::string(runner_bootstrap()), fd_text, cache_home().string()});
    }
    std::vector<std::string> variables = variables_with(key_.variables);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, key_.directory.c_str());
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, printing.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, printing.get(), 2);
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), fd_there);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes,
                              0);  // a Ctrl-C at the terminal is the client's to handle
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    const int failed = posix_spawnp(&pid_, command.front().c_str(), &actions, &attributes,
                                    pointers(command).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        pid_ = 0;
        return leave(strerror(failed));
    }
    if (key_.nice != 0 && !make_nice(pid_, key_.nice)) {
        return leave(fmt::format("cannot be nice={}: {}", key_.nice, strerror(errno)));
    }
    write();
}

void PytestWarm::request(std::uint64_t key, std::string line, SlotEnds ends) {
    waiting_.push_back({key, std::move(line), std::move(ends)});
    send_next();
}

bool PytestWarm::withdraw(std::uint64_t key) {
    if (std::erase_if(waiting_, [&](const Request& request) { return request.key == key; }) > 0) {
        return true;
    }
    const std::string line = withdraw_line(key);
    // If it is gone, that will be read.
    [[maybe_unused]] const ssize_t sent =
        send(control_.get(), line.data(), line.size(), MSG_NOSIGNAL);
    return false;
}

void PytestWarm::send_next() {
    if (!ready_ || asked_ || gone_ || waiting_.empty()) return;
    const Request& next = waiting_.front();
    asked_ =
        send_with_descriptors(control_.get(), next.line,
                              {next.ends.socket.get(), next.ends.out.get(), next.ends.err.get(),
                               next.ends.jobs.get(), next.ends.tests.get()});
    if (asked_) waiting_.pop_front();
}

void PytestWarm::write() {
    if (!send_some(control_, modules_)) modules_.clear();  // why will be read
}

std::vector<WarmLine> PytestWarm::read() {
    std::vector<WarmLine> said;
    if (gone_) return said;
    while (read_some(output_, printed_) == ReadEnd::more) {
        if (printed_.size() > printed_bytes_max) {
            printed_.erase(0, printed_.size() - printed_bytes_max);
        }
    }
    fcntl(control_.get(), F_SETFL, O_NONBLOCK);
    ReadEnd end = ReadEnd::more;
    while (end == ReadEnd::more) end = read_some(control_, text_);
    fcntl(control_.get(), F_SETFL, 0);
    std::size_t from = 0;
    for (std::size_t to = 0; (to = text_.find('\n', from)) != std::string::npos; from = to + 1) {
        Result<WarmLine> line = read_warm_line(std::string_view(text_).substr(from, to - from));
        if (!line) {
            leave(line.error());
            return said;
        }
        heard_ = true;
        if (std::holds_alternative<WarmReady>(*line)) ready_ = true;
        if (const auto* failed = std::get_if<WarmFailed>(&*line)) why_ = failed->text;
        if (std::holds_alternative<WarmStarted>(*line) ||
            std::holds_alternative<WarmRefused>(*line)) {
            asked_ = false;
        }
        said.push_back(std::move(*line));
    }
    text_.erase(0, from);
    if (end == ReadEnd::end) {
        while (read_some(output_, printed_) == ReadEnd::more) {
        }
        leave(why_);
    }
    send_next();
    return said;
}

void PytestWarm::leave(std::string why) {
    if (gone_) return;
    gone_ = true;
    int status = 0;
    if (pid_ > 0) {
        control_.close();
        if (wait_for_end(pid_, status) && why.empty()) {
            why = ready_ ? "the interpreter was " + describe_exit(status) : describe_exit(status);
        }
    }
    if (!ready_ && pid_ > 0 && !heard_ && !key_.command.empty()) why += not_python(printed_);
    if (!ready_ && !printed_.empty()) why += "\n" + printed_;
    why_ = std::move(why);
    control_.close();
    output_.close();
    waiting_.clear();
}

}  // namespace xgrid::worker
