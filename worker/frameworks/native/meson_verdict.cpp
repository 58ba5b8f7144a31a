#include "worker/frameworks/native/meson_verdict.hpp"

#include <algorithm>
#include <sys/wait.h>

#include "shared/process.hpp"

namespace xgrid::worker::native {
namespace {

constexpr int skip_status = 77;
constexpr int error_status = 99;

MesonVerdict by_exit_code(int status) {
    if (status == 0) return {};
    if (WIFEXITED(status) && WEXITSTATUS(status) == skip_status) {
        return {Outcome::skipped, "exit status 77"};
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == error_status) {
        return {Outcome::error, "exit status 99"};
    }
    return {Outcome::failed, describe_exit(status)};
}

}  // namespace

void MesonOutput::add(std::string_view text) {
    if (protocol_ == MesonProtocol::tap) tap_.add(text);
    if (protocol_ != MesonProtocol::rust) return;
    while (true) {
        const std::size_t end = text.find('\n');
        rest_.append(text.substr(0, end));
        if (end == text.npos) return;
        add_line(rest_);
        rest_.clear();
        text.remove_prefix(end + 1);
    }
}

// "test a::b ... ok"
void MesonOutput::add_line(std::string_view line) {
    if (!line.starts_with("test ") || line.starts_with("test result")) return;
    const std::string_view result = line.substr(line.rfind(' ') + 1);
    if (result == "ignored") return;
    ran_ = true;
    if (result == "ok") return;
    failed_ = failed_ || result == "FAILED";
    if (bad_.empty()) bad_ = line;
}

MesonVerdict MesonOutput::as_meant(int status) {
    if (protocol_ == MesonProtocol::rust) {
        if (!rest_.empty()) add_line(rest_);
        if (!ran_) return {Outcome::skipped, "no tests were run"};
        if (bad_.empty()) return {};
        return {failed_ ? Outcome::failed : Outcome::error, bad_};
    }
    if (protocol_ != MesonProtocol::tap) return by_exit_code(status);
    tap_.end();
    if (status != 0) return {Outcome::error, describe_exit(status)};
    const bool all_skipped = std::ranges::all_of(tap_.points(), [](const TapPoint& point) {
        return point.depth > 0 || point.outcome == Outcome::skipped;
    });
    return {all_skipped ? Outcome::skipped : tap_.outcome(), tap_.why()};
}

MesonVerdict MesonOutput::verdict(int status, bool should_fail) {
    MesonVerdict verdict = as_meant(status);
    if (!should_fail) return verdict;
    if (verdict.outcome == Outcome::passed) {
        return {Outcome::failed, "It passes, but should_fail is set"};
    }
    if (verdict.outcome == Outcome::failed) return {Outcome::xfailed, verdict.why};
    return verdict;
}

}  // namespace xgrid::worker::native
