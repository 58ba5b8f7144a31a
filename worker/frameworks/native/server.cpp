#include "worker/frameworks/native/server.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "shared/descriptor.hpp"
#include "shared/process.hpp"
#include "worker/frameworks/native/shared_answers.hpp"
#include "worker/frameworks/native/slot.hpp"
#include "worker/frameworks/native/talk.hpp"

namespace xgrid::worker::native {
namespace {

constexpr std::size_t descriptors_each = 5;  // socket, stdout, stderr, permits for jobs, for tests
constexpr std::size_t piece_bytes = std::size_t{64} * 1024;

void leave_signals_alone() {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

class Server {
public:
    explicit Server(int control) : control_(control) {
        fcntl(control, F_SETFD, FD_CLOEXEC);
        sigset_t ended;
        sigemptyset(&ended);
        sigaddset(&ended, SIGCHLD);
        sigprocmask(SIG_BLOCK, &ended, nullptr);
        ended_ = Descriptor(signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    int serve() {
        say(ready_line());
        while (true) {
            std::array<pollfd, 2> watched = {
                pollfd{.fd = control_.get(), .events = POLLIN, .revents = 0},
                pollfd{.fd = ended_.get(), .events = POLLIN, .revents = 0}};
            poll(watched.data(), watched.size(), -1);
            if (watched[1].revents != 0) tell_exits();
            if (watched[0].revents != 0 && !receive()) return 0;
        }
    }

private:
    void say(const std::string& line) {
        // If the worker is gone, the next receive() says so.
        [[maybe_unused]] const ssize_t sent =
            send(control_.get(), line.data(), line.size(), MSG_NOSIGNAL);
    }

    void tell_exits() {
        signalfd_siginfo info{};
        while (read(ended_.get(), &info, sizeof info) > 0) {
        }
        int status = 0;
        for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
            const auto slot = keys_.extract(pid);
            if (slot) say(exited_line(slot.mapped(), status));
        }
        if (keys_.empty()) answers_.forget();
    }

    // False: the worker is gone. The kernel never joins two messages that both carry descriptors,
    // and hands a message's out with its first byte: taken in order they are the requests' own.
    bool receive() {
        std::array<char, piece_bytes> bytes;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(64)> ancillary{};
        iovec piece{.iov_base = bytes.data(), .iov_len = bytes.size()};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = ancillary.data();
        message.msg_controllen = ancillary.size();
        const ssize_t count = recvmsg(control_.get(), &message, MSG_CMSG_CLOEXEC);
        if (count < 0 && errno == EINTR) return true;
        if (count <= 0) return false;
        for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
             header = CMSG_NXTHDR(&message, header)) {
            if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
            std::vector<int> numbers((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            std::memcpy(numbers.data(), CMSG_DATA(header), numbers.size() * sizeof(int));
            for (const int number : numbers) given_.emplace_back(number);
        }
        text_.append(bytes.data(), static_cast<std::size_t>(count));
        std::size_t from = 0;
        for (std::size_t to = 0; (to = text_.find('\n', from)) != std::string::npos;
             from = to + 1) {
            obey(std::string_view(text_).substr(from, to - from));
        }
        text_.erase(0, from);
        return true;
    }

    void obey(std::string_view line) {
        Result<ServerOrder> order = read_server_order(line);
        if (!order) _exit(1);  // the worker is another version of the same program: never
        // Requests are taken at once: nothing is ever left to be withdrawn.
        if (!order->start) return;
        std::vector<Descriptor> ends;
        while (ends.size() < descriptors_each && !given_.empty()) {
            ends.push_back(std::move(given_.front()));
            given_.pop_front();
        }
        const SlotStart& start = *order->start;
        if (ends.size() < descriptors_each) {
            return say(refused_start_line(start.key, "its descriptors did not arrive"));
        }
        const pid_t parent = getpid();
        const pid_t pid = fork();
        if (pid < 0) {
            return say(refused_start_line(start.key,
                                          std::string("cannot start a slot: ") + strerror(errno)));
        }
        if (pid == 0) become_slot(start, parent, std::move(ends));
        keys_.emplace(pid, start.key);
        say(started_line(start.key, pid));
    }

    [[noreturn]] void become_slot(const SlotStart& start, pid_t parent,
                                  std::vector<Descriptor> ends) {
        setsid();
        die_with_parent(SIGKILL, parent);
        leave_signals_alone();
        control_.close();
        ended_.close();
        const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(null, 0);
        dup2(ends[1].get(), 1);
        dup2(ends[2].get(), 2);
        run_slot(start, answers_, std::move(ends[0]), std::move(ends[3]), std::move(ends[4]));
        _exit(0);
    }

    Descriptor control_;
    Descriptor ended_;  // readable when a slot has ended
    std::map<pid_t, std::uint64_t> keys_;
    SharedAnswers answers_;
    std::deque<Descriptor> given_;
    std::string text_;
};

}  // namespace

int serve_slots(int control) {
    // Ctrl-C at the terminal is the client's to handle, and ours is another group already.
    die_with_parent(SIGKILL, getppid());
    return Server(control).serve();
}

}  // namespace xgrid::worker::native
