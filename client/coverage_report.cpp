#include "client/coverage_report.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "client/coverage_source.hpp"
#include "shared/descriptor.hpp"
#include "shared/process.hpp"

namespace xgrid::client {
namespace {

Closing no_report(const std::string& why) {
    return {.text = fmt::format("xgrid: no coverage report: {}\n", why), .code = 3};
}

// A file without a name, from its beginning.
Descriptor file_with(const std::string& text) {
    Descriptor file(memfd_create("xgrid-coverage", MFD_CLOEXEC));
    std::size_t at = 0;
    while (file && at < text.size()) {
        const ssize_t count = write(file.get(), text.data() + at, text.size() - at);
        if (count < 0) return {};
        at += static_cast<std::size_t>(count);
    }
    if (file) lseek(file.get(), 0, SEEK_SET);
    return file;
}

std::string all_of(const Descriptor& from) {
    std::string text;
    std::array<char, 65536> piece{};
    while (true) {
        const ssize_t count = read(from.get(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(count));
    }
}

// With the signals as a program expects them, whatever this one has blocked.
int spawn(const std::string& program, int input, int output, pid_t& child) {
    std::string script(coverage_source.front().second);
    std::string name = program;
    std::string option = "-c";
    std::array<char*, 4> words = {name.data(), option.data(), script.data(), nullptr};
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    sigset_t none{};
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int error =
        posix_spawnp(&child, program.c_str(), &actions, &attributes, words.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

}  // namespace

Closing report_coverage(const CoverageTask& task) {
    const Descriptor input = file_with(task.request);
    std::array<int, 2> ends{};
    if (!input || pipe2(ends.data(), O_CLOEXEC) != 0) return no_report(strerror(errno));
    const Descriptor output(ends[0]);
    Descriptor writing(ends[1]);
    pid_t child = 0;
    if (const int error = spawn(task.interpreter, input.get(), writing.get(), child); error != 0) {
        return no_report(fmt::format("cannot run {}: {}", task.interpreter, strerror(error)));
    }
    writing.close();
    Closing closing{.text = all_of(output)};
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    constexpr std::array<int, 3> known = {0, 1, 3};
    if (WIFEXITED(status) && std::ranges::find(known, WEXITSTATUS(status)) != known.end()) {
        closing.code = WEXITSTATUS(status);
        return closing;
    }
    const Closing none = no_report(fmt::format("{} {}", task.interpreter, describe_exit(status)));
    return {.text = closing.text + none.text, .code = none.code};
}

}  // namespace xgrid::client
