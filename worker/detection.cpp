#include "worker/detection.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <set>
#include <signal.h>
#include <string_view>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "shared/descriptor.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

constexpr auto answer_within = std::chrono::seconds(2);
constexpr const char* question = "import sys; print('%d.%d' % sys.version_info[:2])";

bool is_number(std::string_view text) {
    return !text.empty() && text.size() < 4 && std::ranges::all_of(text, [](char letter) {
        return std::isdigit(static_cast<unsigned char>(letter)) != 0;
    });
}

// Of `3.11`, `python3.11`: the version; else nothing.
std::string version_in(std::string_view name) {
    constexpr std::string_view before = "python";
    if (name.starts_with(before)) name.remove_prefix(before.size());
    const std::size_t point = std::min(name.find('.'), name.size());
    const bool tells = is_number(name.substr(0, point)) && point < name.size() &&
                       is_number(name.substr(point + 1));
    return tells ? std::string(name) : std::string();
}

bool is_called_like_one(const std::string& name) {
    return name == "python" || name == "python3" ||
           (name.starts_with("python3.") && !version_in(name).empty());
}

bool is_script(const fs::path& path) {
    std::array<char, 2> first{};
    std::ifstream(path).read(first.data(), first.size());
    return first == std::array{'#', '!'};
}

// One that is asked; it has a process group of its own.
struct Asked {
    pid_t process = 0;
    Descriptor answer;
};

Asked ask(const fs::path& interpreter) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    Asked asked{.answer = Descriptor(ends[0])};
    const Descriptor write_end(ends[1]);
    asked.process = fork();
    if (asked.process != 0) return asked;
    setpgid(0, 0);
    const int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDERR_FILENO);
    dup2(write_end.get(), STDOUT_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execl(interpreter.c_str(), interpreter.c_str(), "-I", "-S", "-c", question, nullptr);
    _exit(127);
}

// Empty: there is no answer in time.
std::string answer_of(Asked asked, std::chrono::steady_clock::time_point until) {
    if (asked.process <= 0) return "";
    std::string text;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        pollfd wait{.fd = asked.answer.get(), .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
        std::array<char, 64> buffer{};
        const ssize_t count = read(asked.answer.get(), buffer.data(), buffer.size());
        if (count <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    kill(-asked.process, SIGKILL);
    waitpid(asked.process, nullptr, 0);
    return version_in(text.substr(0, text.find('\n')));
}

std::vector<fs::path> folders_on_path() {
    const char* path = std::getenv("PATH");
    std::string_view left = path == nullptr ? "" : path;
    std::vector<fs::path> folders;
    while (!left.empty()) {
        const std::size_t end = std::min(left.find(':'), left.size());
        if (end > 0) folders.emplace_back(left.substr(0, end));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    return folders;
}

bool is_older(const std::string& one, const std::string& other) {
    const auto numbers = [](const std::string& version) {
        return std::pair(std::stoi(version), std::stoi(version.substr(version.find('.') + 1)));
    };
    return numbers(one) < numbers(other);
}

}  // namespace

std::vector<std::string> python_versions(const std::vector<fs::path>& folders) {
    std::vector<std::string> versions;
    std::vector<Asked> asked;
    std::set<fs::path> seen;
    for (const fs::path& folder : folders) {
        std::error_code error;
        for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
            if (!is_called_like_one(entry.path().filename())) continue;
            const fs::path real = fs::canonical(entry.path(), error);
            if (error || access(real.c_str(), X_OK) != 0) continue;
            const std::string version = version_in(real.filename().string());
            const bool tells = !version.empty() && !is_script(real);
            // A script may go by the name that it is called by.
            const fs::path& path = tells ? real : entry.path();
            if (!seen.insert(path).second) continue;
            if (!tells) {
                asked.push_back(ask(path));
            } else {
                versions.push_back(version);
            }
        }
    }
    const auto until = std::chrono::steady_clock::now() + answer_within;
    for (Asked& one : asked) {
        const std::string version = answer_of(std::move(one), until);
        if (!version.empty()) versions.push_back(version);
    }
    std::ranges::sort(versions, is_older);
    const auto same = std::ranges::unique(versions);
    versions.erase(same.begin(), same.end());
    return versions;
}

std::map<std::string, std::string> detected_labels() {
    std::map<std::string, std::string> labels;
    utsname system{};
    if (uname(&system) == 0) {
        std::string os = system.sysname;
        std::ranges::transform(os, os.begin(),
                               [](unsigned char letter) { return std::tolower(letter); });
        labels["os"] = os;
        labels["arch"] = system.machine;
    }
    std::string pythons;
    for (const std::string& version : python_versions(folders_on_path())) {
        pythons += (pythons.empty() ? "" : ",") + version;
    }
    if (!pythons.empty()) labels["python"] = pythons;
    return labels;
}

}  // namespace xgrid::worker
