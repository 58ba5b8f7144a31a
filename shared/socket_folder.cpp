#include "shared/socket_folder.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <initializer_list>
#include <signal.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/ensure.hpp"

namespace xgrid {
namespace {

constexpr std::size_t base_length_max = 80;  // a socket's path has 107 characters at most

}  // namespace

// Where it is matters to nobody.
std::string make_socket_folder() {
    int why = ENOENT;
    std::string where;
    for (const char* base : std::initializer_list<const char*>{
             getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp", "/dev/shm"}) {
        if (base == nullptr || *base == '\0' || strlen(base) > base_length_max) continue;
        std::string path = std::string(base) + "/xgrid-XXXXXX";
        if (mkdtemp(path.data()) != nullptr) return path;
        why = errno;
        where = base;
    }
    throw Fatal(
        fmt::format("cannot make a folder for the grid's socket in {}: {}", where, strerror(why)));
}

pid_t remove_when_gone(const std::string& folder) {
    int ends[2] = {};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        throw Fatal(fmt::format("cannot make a pipe: {}", strerror(errno)));
    }
    fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) throw Fatal(fmt::format("cannot start a process: {}", strerror(errno)));
    if (child > 0) {
        close(ends[0]);  // the other end stays open as long as this process lives
        return child;
    }
    setpgid(0, 0);
    for (const int number : {SIGINT, SIGHUP}) signal(number, SIG_IGN);
    close(ends[1]);
    char none = 0;
    while (read(ends[0], &none, 1) < 0 && errno == EINTR) {
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    _exit(0);
}

}  // namespace xgrid
