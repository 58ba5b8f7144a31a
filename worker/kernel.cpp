#include "worker/kernel.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/whole_file.hpp"

namespace xgrid::worker {
namespace {

// Of a process that is gone: nothing.
std::string text_of(const std::string& path) { return whole_file(path).value_or(""); }

// /proc/PID/stat behind the name, which may hold anything: state, parent, group, session.
struct Stat {
    char state = '?';
    pid_t parent = 0;
    pid_t session = 0;
};

std::optional<Stat> stat_of(const std::string& pid) {
    const std::string text = text_of("/proc/" + pid + "/stat");
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos || name_end + 4 >= text.size()) return std::nullopt;
    Stat stat{.state = text[name_end + 2]};
    pid_t group = 0;
    const char* at = text.data() + name_end + 4;
    const char* end = text.data() + text.size();
    for (pid_t* to : {&stat.parent, &group, &stat.session}) {
        at = std::from_chars(at, end, *to).ptr;
        at += at < end ? 1 : 0;
    }
    return stat;
}

template <class See>
void for_each_process(See see) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        if (name.empty() || name[0] < '0' || name[0] > '9') continue;
        if (const auto stat = stat_of(name)) see(static_cast<pid_t>(std::stol(name)), *stat);
    }
}

// The file of this process's control group that counts; version 2 first, then 1.
std::string counting_file() {
    std::ifstream groups("/proc/self/cgroup");
    std::string line;
    std::string found;
    while (std::getline(groups, line)) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string group = line.substr(second + 1);
        std::vector<std::string> paths;
        // In a container the path may be one of the host, and its own group the root.
        for (const std::string& below : {group, std::string()}) {
            if (controllers.empty()) paths.push_back("/sys/fs/cgroup" + below + "/memory.events");
            if (controllers == "memory") {
                paths.push_back("/sys/fs/cgroup/memory" + below + "/memory.oom_control");
            }
        }
        for (const std::string& path : paths) {
            if (found.empty() && text_of(path).find("oom_kill ") != std::string::npos) found = path;
        }
    }
    return found;
}

}  // namespace

bool is_stopped(pid_t pid) {
    const auto stat = stat_of(std::to_string(pid));
    return stat && stat->state == 'T';
}

std::string program_of(pid_t pid) {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error);
}

void kill_session(pid_t leader) {
    for_each_process([&](pid_t pid, const Stat& stat) {
        if (stat.session == leader && pid != leader) kill(pid, SIGKILL);
    });
}

void end_adopted(const std::vector<pid_t>& own) {
    std::multimap<pid_t, pid_t> children;
    for_each_process([&](pid_t pid, const Stat& stat) { children.emplace(stat.parent, pid); });
    std::vector<pid_t> found{getpid()};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto [from, to] = children.equal_range(found[i]);
        for (auto it = from; it != to; ++it) {
            if (std::ranges::find(own, it->second) == own.end()) found.push_back(it->second);
        }
    }
    found.erase(found.begin());
    for (const pid_t pid : found) kill(pid, SIGKILL);
    for (const pid_t pid : found) waitpid(pid, nullptr, WNOHANG);
}

OutOfMemory::OutOfMemory() : path_(counting_file()) { struck(); }

bool OutOfMemory::struck() {
    if (path_.empty()) return false;
    const std::uint64_t count = oom_kills(text_of(path_));
    const bool more = count > seen_;
    seen_ = count;
    return more;
}

std::uint64_t oom_kills(std::string_view text) {
    constexpr std::string_view word = "oom_kill ";
    std::size_t at = text.find(word);
    while (at != std::string_view::npos && at > 0 && text[at - 1] != '\n') {
        at = text.find(word, at + 1);
    }
    if (at == std::string_view::npos) return 0;
    std::uint64_t count = 0;
    std::from_chars(text.data() + at + word.size(), text.data() + text.size(), count);
    return count;
}

}  // namespace xgrid::worker
