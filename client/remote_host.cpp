#include "client/remote_host.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/ensure.hpp"
#include "shared/process.hpp"

namespace xgrid::client {
namespace {

// Connecting has limits of its own; this is for what comes after: a login that hangs.
constexpr Duration arrive_limit = std::chrono::seconds(90);

std::pair<Descriptor, Descriptor> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw Fatal(fmt::format("cannot start ssh: {}", strerror(errno)));
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Whoever writes to it is not killed when nobody reads any more.
std::pair<Descriptor, Descriptor> make_input() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw Fatal(fmt::format("cannot start ssh: {}", strerror(errno)));
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void do_not_wait(const Descriptor& descriptor) {
    fcntl(descriptor.get(), F_SETFL, fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK);
}

// In the child: does not return.
void become(std::vector<std::string> command, pid_t parent, const std::array<int, 3>& streams) {
    setpgid(0, 0);  // a terminal's Ctrl-C is for the client
    die_with_parent(SIGTERM, parent);
    for (int i = 0; i < 3; ++i) dup2(streams[static_cast<std::size_t>(i)], i);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::vector<char*> words;
    words.reserve(command.size() + 1);
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
}

// Appends what is there; false at the end.
bool read_all(const Descriptor& from, std::string& to) {
    std::array<char, 16'384> buffer{};
    while (true) {
        const ssize_t count = read(from.get(), buffer.data(), buffer.size());
        if (count > 0) {
            to.append(buffer.data(), static_cast<std::size_t>(count));
        } else if (count == 0) {
            return false;
        } else if (errno != EINTR) {
            return errno == EAGAIN;
        }
    }
}

// Whole lines; at the end also one that is not.
std::vector<std::string> take_lines(std::string& text, bool end) {
    constexpr std::size_t line_bytes_max = 65'536;
    std::vector<std::string> lines;
    std::size_t from = 0;
    for (std::size_t to = 0; (to = text.find('\n', from)) != std::string::npos; from = to + 1) {
        lines.push_back(text.substr(from, to - from));
    }
    text.erase(0, from);
    if (!text.empty() && (end || text.size() > line_bytes_max)) {
        lines.push_back(std::exchange(text, ""));
    }
    for (std::string& line : lines) {
        if (line.ends_with('\r')) line.pop_back();
    }
    return lines;
}

}  // namespace

RemoteHost::RemoteHost(const Host& host, const std::string& socket, const std::string& mark,
                       Instant now)
    : host_(host), way_(way_to(host, mark, socket)), talk_(mark), arrive_by_(now + arrive_limit) {
    start();
    if (way_.hops.size() == 1) want_ = RemoteWant::script;
}

RemoteHost::~RemoteHost() {
    if (pid_ == 0) return;
    kill_group(SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void RemoteHost::start() {
    auto [in, input] = make_input();
    auto [output, out] = make_pipe();
    auto [errors, err] = make_pipe();
    const pid_t parent = getpid();
    fflush(nullptr);
    pid_ = fork();
    if (pid_ < 0) throw Fatal(fmt::format("cannot start ssh: {}", strerror(errno)));
    if (pid_ == 0) become(local_command(way_), parent, {in.get(), out.get(), err.get()});
    setpgid(pid_, pid_);
    input_ = std::move(input);
    output_ = std::move(output);
    errors_ = std::move(errors);
    for (const Descriptor* ours : {&input_, &output_, &errors_}) do_not_wait(*ours);
    // The first host's script needs no word from it: its login shell is all that reads until then.
    if (way_.hops.size() > 1) to_write_ = hop_script(way_, 0);
}

std::vector<std::pair<int, bool>> RemoteHost::watched() const {
    std::vector<std::pair<int, bool>> all;
    if (output_) all.emplace_back(output_.get(), false);
    if (errors_) all.emplace_back(errors_.get(), false);
    if (input_ && written_ < to_write_.size()) all.emplace_back(input_.get(), true);
    return all;
}

Instant RemoteHost::next_deadline() const {
    if (told_ || let_go_ || talk_.stage() != RemoteStage::connecting) return never;
    return arrive_by_;
}

RemoteNews RemoteHost::look(Instant now, ProgramTask& programs) {
    RemoteNews news{.host = host_.label};
    read_words(news.output);
    wait_for_process();
    give(programs);
    write();
    if (told_ || let_go_) return news;
    if (way_.to_listener && talk_.stage() == RemoteStage::working && !way_told_) {
        way_told_ = true;
        news.way = way_.socket;
    }
    news.trouble = fault(now);
    if (news.trouble.empty()) return news;
    told_ = true;
    let_go();
    if (talk_.stage() == RemoteStage::connecting) kill_group(SIGTERM);
    return news;
}

std::string RemoteHost::refusal() {
    std::string errors;  // are not for people, of a way
    read_words(errors);
    return explain_refusal(end_so_far());
}

void RemoteHost::read_words(std::string& errors) {
    if (output_) {
        const bool more = read_all(output_, said_);
        for (const std::string& line : take_lines(said_, !more)) answer(talk_.hear(line));
        if (!more) output_.close();
    }
    if (errors_) {
        const bool more = read_all(errors_, stated_);
        for (const std::string& line : take_lines(stated_, !more)) {
            const std::string shown = talk_.hear_error(line);
            if (!shown.empty() && !way_.to_listener) errors += shown + "\n";
        }
        if (!more) errors_.close();
    }
}

void RemoteHost::answer(RemoteWant want) {
    if (want == RemoteWant::nothing) return;
    const std::size_t hop = talk_.reached();
    if (want == RemoteWant::script && hop + 1 < way_.hops.size()) {
        to_write_ += hop_script(way_, hop);
    } else if (want != RemoteWant::script || hop < way_.hops.size()) {
        want_ = want;
    }
}

// What it waits for may have to be made yet.
void RemoteHost::give(ProgramTask& programs) {
    if (want_ == RemoteWant::nothing || let_go_) return;
    if (way_.to_listener) {
        to_write_ += pass_script(way_);
        want_ = RemoteWant::nothing;
        return;
    }
    std::optional<Result<Program>> program = programs.program();
    if (!program) return;
    if (!*program) {
        failure_ = program->error();
        want_ = RemoteWant::nothing;
        return;
    }
    program_ = **program;
    if (want_ == RemoteWant::script) {
        to_write_ += remote_script(way_, {.system = program_->system,
                                          .program = program_->id,
                                          .program_bytes = program_->bytes,
                                          .loader = program_->loader,
                                          .slots = host_.slots,
                                          .labels = {{host_label, host_.label}},
                                          .pack = host_.pack.value_or(true)});
    } else {
        auto bytes = programs.bytes(want_ == RemoteWant::packed_program);
        if (!bytes) return;
        if (*bytes) {
            to_write_ += fmt::format("{}\n", (**bytes)->size()) + ***bytes;
        } else {
            failure_ = bytes->error();
        }
    }
    want_ = RemoteWant::nothing;
}

void RemoteHost::write() {
    while (input_ && written_ < to_write_.size()) {
        const ssize_t count = send(input_.get(), to_write_.data() + written_,
                                   to_write_.size() - written_, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        if (count < 0) return input_.close();  // why will be read, or shows when it ends
        written_ += static_cast<std::size_t>(count);
    }
    to_write_.clear();
    written_ = 0;
}

void RemoteHost::wait_for_process() {
    siginfo_t ended{};
    if (pid_ == 0 ||
        waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        ended.si_pid != pid_) {
        return;
    }
    kill_group(SIGKILL);  // what ssh may have started, such as a proxy command
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    how_ = describe_exit(status);
}

// Words may come after the end of the process: not before all is read.
std::string RemoteHost::fault(Instant now) const {
    const bool over = pid_ == 0 && !output_ && !errors_;
    const bool late = talk_.stage() == RemoteStage::connecting && now >= arrive_by_;
    const bool ended = talk_.stage() == RemoteStage::ended && pid_ == 0;
    if (!failure_.empty()) return fmt::format("cannot use '{}': {}", host_.spec.text, failure_);
    if (!over && !late && !ended) return "";
    return explain(end_so_far());
}

RemoteEnd RemoteHost::end_so_far() const {
    RemoteEnd end = talk_.end();
    end.spec = host_.spec.text;
    for (const XSpec& hop : way_.hops) {
        end.hosts.push_back(host_name_of(hop));
        end.commands.push_back(command_by_hand(hop));
    }
    end.how = how_;
    if (program_) {
        end.system = program_->system;
        end.program_bytes = program_->bytes;
    }
    return end;
}

void RemoteHost::let_go() {
    let_go_ = true;
    input_.close();
    to_write_.clear();
    written_ = 0;
}

void RemoteHost::kill_group(int signal) const {
    if (pid_ > 0) kill(-pid_, signal);
}

}  // namespace xgrid::client
