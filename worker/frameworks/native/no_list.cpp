#include "worker/frameworks/native/no_list.hpp"

#include <sys/wait.h>

#include <fmt/format.h>

namespace xgrid::worker::native {
namespace {

constexpr std::size_t shown_bytes_max = 4000;

std::string end_of(const Ran& ran) {
    if (ran.timed_out) return "it did not end in time";
    if (WIFSIGNALED(ran.status)) return fmt::format("it died of signal {}", WTERMSIG(ran.status));
    return fmt::format("it ended with exit code {}", WEXITSTATUS(ran.status));
}

}  // namespace

Error no_list(const Ran& ran, const std::string& why) {
    std::string text = fmt::format("cannot list its tests: {}, {}", why, end_of(ran));
    const std::size_t from = ran.err.find_first_not_of(" \t\r\n");
    if (from != std::string::npos) text += "\n" + ran.err.substr(from, shown_bytes_max);
    return {text};
}

}  // namespace xgrid::worker::native
