#include "worker/frameworks/native/ctest_verdict.hpp"

#include <csignal>
#include <cstring>
#include <optional>
#include <sys/wait.h>
#include <utility>
#include <vector>

#include "worker/frameworks/native/cmake_regex.hpp"

namespace xgrid::worker::native {
namespace {

bool speaks_to_ctest(std::string_view line) {
    for (const std::string_view tag : {"CTestDetails>", "CTestLabel>"}) {
        const std::size_t begin = line.find("<" + std::string(tag));
        if (begin != line.npos && line.find("</" + std::string(tag), begin) != line.npos) {
            return true;
        }
    }
    return false;
}

std::optional<std::string> first_found(const std::vector<std::string>& patterns,
                                       std::string_view output) {
    for (const std::string& pattern : patterns) {
        if (CMakeRegex(pattern).found_in(output)) return pattern;
    }
    return std::nullopt;
}

std::string signal_text(int number) {
    switch (number) {
        case SIGSEGV: return "Exception: SegFault";
        case SIGILL: return "Exception: Illegal";
        case SIGFPE: return "Exception: Numerical";
        case SIGINT: return "Exception: Interrupt";
        default: return std::string("Exception: ") + strsignal(number);
    }
}

}  // namespace

void CTestOutput::add(std::string_view text) {
    while (true) {
        const std::size_t end = text.find_first_of(std::string_view("\n\0", 2));
        rest_.append(text.substr(0, end));
        if (end == text.npos) return;
        rest_.erase(rest_.find_last_not_of('\r') + 1);
        add_line(std::exchange(rest_, {}));
        text.remove_prefix(end + 1);
    }
}

void CTestOutput::add_line(std::string_view line) {
    if (speaks_to_ctest(line)) return;
    lines_.append(line).append("\n");
}

std::string CTestOutput::take() {
    if (!rest_.empty()) add_line(std::exchange(rest_, {}));
    return std::exchange(lines_, {});
}

CTestVerdict ctest_verdict(const CTestEntry& entry, int status, std::string_view output) {
    if (WIFSIGNALED(status)) return {Outcome::failed, signal_text(WTERMSIG(status))};
    const int code = WEXITSTATUS(status);
    if (const auto found = first_found(entry.skip, output)) {
        return {Outcome::skipped,
                "Skip regular expression found in output. Regex=[" + *found + "]"};
    }
    if (entry.skip_code >= 0 && entry.skip_code == code) {
        return {Outcome::skipped, "SKIP_RETURN_CODE=" + std::to_string(code)};
    }

    bool good = code == 0;
    std::string why = good ? "" : "exit status " + std::to_string(code);
    if (!entry.pass.empty()) {
        const auto found = first_found(entry.pass, output);
        good = found.has_value();
        why = good ? "Required regular expression found. Regex=[" + *found + "]"
                   : "Required regular expression not found. Regex=[";
        if (!good) {
            for (const std::string& pattern : entry.pass) why += pattern + "\n";
            why += "]";
        }
    }
    if (const auto found = first_found(entry.fail, output)) {
        good = false;
        why = "Error regular expression found in output. Regex=[" + *found + "]";
    }
    if (good != entry.will_fail) return {Outcome::passed, {}};
    if (entry.will_fail) return {Outcome::failed, "It passes, but WILL_FAIL is set"};
    return {Outcome::failed, why};
}

}  // namespace xgrid::worker::native
