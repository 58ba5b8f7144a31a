#include "worker/frameworks/native/program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "worker/descriptor.hpp"

extern char** environ;

namespace xgrid::worker::native {
namespace {

// Where a program finds its ends: `report_path` and `file_path` name the last two.
constexpr int report_there = 3;
constexpr int file_there = 4;
// Those that are to be given away stay clear of these numbers until then.
constexpr int numbers_above = 10;

struct Pipe {
    Descriptor ours;
    Descriptor theirs;
};

std::optional<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
    Pipe made{Descriptor(ends[0]), Descriptor(ends[1])};
    made.theirs = Descriptor(fcntl(made.theirs.get(), F_DUPFD_CLOEXEC, numbers_above));
    fcntl(made.ours.get(), F_SETFL, O_NONBLOCK);
    if (!made.theirs) return std::nullopt;
    return made;
}

// With the text in it, to be read from its beginning.
Descriptor file_with(const std::string& text) {
    const Descriptor made(memfd_create("tests", MFD_CLOEXEC));
    std::size_t written = 0;
    while (made && written < text.size()) {
        const ssize_t count = write(made.get(), text.data() + written, text.size() - written);
        if (count < 0) return Descriptor();
        written += static_cast<std::size_t>(count);
    }
    if (!made || lseek(made.get(), 0, SEEK_SET) != 0) return Descriptor();
    return Descriptor(fcntl(made.get(), F_DUPFD_CLOEXEC, numbers_above));
}

std::vector<std::string> variables_with(
    const std::map<std::string, std::optional<std::string>>& more) {
    std::vector<std::string> all;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        if (!more.contains(text.substr(0, text.find('=')))) all.push_back(text);
    }
    for (const auto& [name, value] : more) {
        if (value) all.push_back(name + "=" + *value);
    }
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

// In the new process, where only what is safe after fork(2) may be called.
struct Birth {
    const char* directory;
    char** command;
    char** variables;
    int out;
    int err;
    int report;
    int file;
    int failure;
    pid_t parent;
};

[[noreturn]] void become(const Birth& birth) {
    const auto fail = [&] {
        const int why = errno;
        [[maybe_unused]] const ssize_t said = write(birth.failure, &why, sizeof why);
        _exit(127);
    };
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != birth.parent) _exit(127);
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = open("/dev/null", O_RDONLY);
    for (const auto& [from, to] : {std::pair{null, 0},
                                   {birth.out, 1},
                                   {birth.err, 2},
                                   {birth.report, report_there},
                                   {birth.file, file_there}}) {
        if (from >= 0 && from != to && dup2(from, to) < 0) fail();
    }
    if (null > 2 && null != report_there && null != file_there) close(null);
    if (chdir(birth.directory) != 0) fail();
    environ = birth.variables;
    execvp(birth.command[0], birth.command);
    fail();
    _exit(127);
}

// As poll(2) has it.
int milliseconds_until(Instant time) {
    constexpr std::chrono::milliseconds most(std::numeric_limits<int>::max());
    if (time == never) return static_cast<int>(most.count());
    const Duration left = time - Instant(std::chrono::steady_clock::now());
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(std::max(left, Duration(0)));
    return static_cast<int>(std::min(rounded, most).count());
}

std::string cannot_start(const Program& program, const char* why) {
    return fmt::format("cannot run {}: {}", program.command.front(), why);
}

}  // namespace

Result<Process> Process::start(const Program& program, const std::string& directory) {
    std::optional<Pipe> out = make_pipe();
    std::optional<Pipe> err = make_pipe();
    std::optional<Pipe> report = make_pipe();
    std::optional<Pipe> failure = make_pipe();
    if (!out || !err || !report || !failure) return Error{cannot_start(program, strerror(errno))};
    Descriptor file;
    if (!program.file.empty() && !(file = file_with(program.file))) {
        return Error{cannot_start(program, strerror(errno))};
    }
    std::vector<std::string> command = program.command;
    std::vector<std::string> variables = variables_with(program.variables);
    std::vector<char*> command_pointers = pointers(command);
    std::vector<char*> variable_pointers = pointers(variables);
    const std::string& folder = program.directory.empty() ? directory : program.directory;
    const Birth birth{.directory = folder.c_str(),
                      .command = command_pointers.data(),
                      .variables = variable_pointers.data(),
                      .out = out->theirs.get(),
                      .err = program.one_stream ? out->theirs.get() : err->theirs.get(),
                      .report = report->theirs.get(),
                      .file = file.get(),
                      .failure = failure->theirs.get(),
                      .parent = getpid()};
    const pid_t pid = fork();
    if (pid == 0) become(birth);
    if (pid < 0) return Error{cannot_start(program, strerror(errno))};
    setpgid(pid, pid);  // whoever comes first
    Process made(pid);
    made.life_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    made.streams_[Source::out].end = std::move(out->ours);
    made.streams_[Source::err].end = std::move(err->ours);
    made.streams_[Source::report].end = std::move(report->ours);
    failure->theirs.close();
    fcntl(failure->ours.get(), F_SETFL, 0);
    int why = 0;
    if (::read(failure->ours.get(), &why, sizeof why) == sizeof why) {
        return Error{cannot_start(program, strerror(why))};
    }
    return made;
}

Process::~Process() {
    if (pid_.number == 0) return;
    kill();
    waitpid(pid_.number, nullptr, 0);
}

void Process::wait(Instant until) {
    std::array<pollfd, 4> watched{};
    std::size_t count = 0;
    watched.at(count++) = {.fd = life_.get(), .events = POLLIN, .revents = 0};
    // A negative number is none to poll(2).
    for (const auto& [source, stream] : streams_) {
        watched.at(count++) = {.fd = stream.end.get(), .events = POLLIN, .revents = 0};
    }
    // Without pidfd_open(2), which is from Linux 5.3, the end is looked for.
    constexpr int look_milliseconds = 20;
    const int left = milliseconds_until(until);
    poll(watched.data(), count, life_ ? left : std::min(left, look_milliseconds));
    ending_ = !life_ || watched[0].revents != 0;
    // What was printed before a report may have come after poll(2) had looked there.
    const bool any =
        std::ranges::any_of(watched, [](const pollfd& each) { return each.revents != 0; });
    for (auto& [source, stream] : streams_) stream.ready = ending_ || any;
}

void Process::rest(Instant until) {
    std::array watched = {
        pollfd{.fd = life_.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = streams_[Source::err].end.get(), .events = POLLIN, .revents = 0}};
    poll(watched.data(), watched.size(), milliseconds_until(until));
}

std::string Process::read(Source source) {
    std::string text;
    Stream& stream = streams_.at(source);
    if (!stream.end || !stream.ready) return text;
    const ReadEnd end = read_some(stream.end, text);
    stream.ready = ending_ || end == ReadEnd::more;
    if (end == ReadEnd::end) stream.end.close();
    return text;
}

std::optional<int> Process::ended() {
    int status = 0;
    if (!ending_ || pid_.number == 0 || waitpid(pid_.number, &status, WNOHANG) != pid_.number) {
        return std::nullopt;
    }
    ::kill(-pid_.number, SIGKILL);
    pid_.number = 0;
    return status;
}

void Process::kill() {
    if (pid_.number > 0) ::kill(-pid_.number, SIGKILL);
}

Result<Ran> run_to_end(const Program& program, const std::string& directory, Duration limit) {
    Result<Process> process = Process::start(program, directory);
    if (!process) return Error{process.error()};
    const Instant until =
        limit > Duration(0) ? Instant(std::chrono::steady_clock::now()) + limit : never;
    Ran ran;
    const auto read_all = [&] {
        for (std::string text; !(text = process->read(Source::out)).empty();) ran.out += text;
        for (std::string text; !(text = process->read(Source::err)).empty();) ran.err += text;
        for (std::string text; !(text = process->read(Source::report)).empty();) ran.report += text;
    };
    while (true) {
        process->wait(until);
        read_all();
        if (const std::optional<int> status = process->ended()) {
            read_all();
            ran.status = *status;
            return ran;
        }
        if (Instant(std::chrono::steady_clock::now()) < until || ran.timed_out) continue;
        ran.timed_out = true;
        process->kill();
    }
}

std::string as_command(const Program& program) {
    std::string text;
    for (const std::string& word : program.command) text += (text.empty() ? "" : " ") + word;
    return text;
}

}  // namespace xgrid::worker::native
