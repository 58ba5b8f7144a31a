#include "shared/process.hpp"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/ensure.hpp"

namespace xgrid {
namespace {

constexpr long pause_ms = 10;

void pause_briefly() {
    const timespec time{.tv_sec = 0, .tv_nsec = pause_ms * 1'000'000};
    nanosleep(&time, nullptr);
}

// A zombie has nothing left to end. 0: not there, or a zombie.
pid_t parent_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t name_end = text.rfind(')');  // the name may hold anything
    if (name_end == std::string::npos || name_end + 4 >= text.size()) return 0;
    if (text[name_end + 2] == 'Z') return 0;
    pid_t parent = 0;
    std::from_chars(text.data() + name_end + 4, text.data() + text.size(), parent);
    return parent;
}

// Those that are kept are for others to wait for.
void reap(const std::set<pid_t>& kept) {
    siginfo_t info{};
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0) {
        if (kept.contains(info.si_pid)) return;
        waitpid(info.si_pid, nullptr, WNOHANG);
        info = {};
    }
}

bool all_gone(long milliseconds, const std::set<pid_t>& kept) {
    for (long waited = 0;; waited += pause_ms) {
        reap(kept);
        if (descendants(kept).empty()) return true;
        if (waited >= milliseconds) return false;
        pause_briefly();
    }
}

}  // namespace

void die_with_parent(int signal, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, signal);
    if (getppid() != parent) raise(signal);
}

void adopt_orphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::vector<pid_t> descendants(const std::set<pid_t>& kept) {
    std::multimap<pid_t, pid_t> children;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (failed != std::errc() || end != name.data() + name.size()) continue;
        if (const pid_t parent = parent_of(pid)) children.emplace(parent, pid);
    }
    std::vector<pid_t> found{getpid()};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto [from, to] = children.equal_range(found[i]);
        for (auto it = from; it != to; ++it) {
            if (!kept.contains(it->second)) found.push_back(it->second);
        }
    }
    found.erase(found.begin());
    return found;
}

void end_descendants(std::chrono::milliseconds grace, const std::set<pid_t>& kept) {
    reap(kept);
    for (const pid_t pid : descendants(kept)) kill(pid, SIGTERM);
    if (all_gone(grace.count(), kept)) return;
    // One that forks while we look is found in the next round.
    for (int round = 0; round < 10; ++round) {
        for (const pid_t pid : descendants(kept)) kill(pid, SIGKILL);
        if (all_gone(200, kept)) return;
    }
}

std::string describe_exit(int status) {
    if (WIFSIGNALED(status)) {
        return fmt::format("killed by signal {} ({})", WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
    }
    return fmt::format("exited with status {}", WEXITSTATUS(status));
}

std::vector<std::string> own_program() {
    const std::string self = "/proc/self/exe";
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink(self, error);
    const bool is_loader = program.filename().string().starts_with("ld-");
    if (error || !is_loader) return {self};
    const std::string folder = program.parent_path();
    return {self, "--library-path", folder, folder + "/xgrid"};
}

std::string random_token() {
    std::uint64_t bits[2] = {};
    ensure(getrandom(bits, sizeof bits, 0) == sizeof bits, "the kernel has random bits");
    return fmt::format("{:016x}{:016x}", bits[0], bits[1]);
}

}  // namespace xgrid
