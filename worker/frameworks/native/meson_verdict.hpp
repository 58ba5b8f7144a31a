// How `meson test` judges a test that has ended. Verified with Meson 1.0.1 by tests/end_to_end:
// with its oddities, such as that a test of TAP without tests is skipped.
#pragma once

#include <string>
#include <string_view>

#include "shared/messages.hpp"
#include "worker/frameworks/native/meson_listing.hpp"
#include "worker/frameworks/native/tap.hpp"

namespace xgrid::worker::native {

struct MesonVerdict {
    Outcome outcome = Outcome::passed;
    std::string why;
};

/// What it printed, as far as its protocol is one of output.
class MesonOutput {
public:
    explicit MesonOutput(MesonProtocol protocol) : protocol_(protocol) {}
    void add(std::string_view text);
    /// When nothing more comes. `status` as of waitpid(2).
    MesonVerdict verdict(int status, bool should_fail);
    const Tap& tap() const { return tap_; }

private:
    void add_line(std::string_view line);
    MesonVerdict as_meant(int status);

    MesonProtocol protocol_;
    Tap tap_;
    std::string rest_;
    // Of Rust's tests.
    std::string bad_;
    bool failed_ = false;
    bool ran_ = false;
};

}  // namespace xgrid::worker::native
