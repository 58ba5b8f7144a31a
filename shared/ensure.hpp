// The two exceptions of xgrid: a broken invariant, which is our bug, and trouble only a person can
// end. Everything else that goes wrong is a value.
#pragma once

#include <stdexcept>
#include <string>

namespace xgrid {

/// An invariant did not hold. Caught in main alone, and by the simulation's judges.
struct BrokenInvariant : std::logic_error {
    using std::logic_error::logic_error;
};

/// Throws BrokenInvariant with the rule that did not hold, in release builds too.
inline void ensure(bool holds, const char* rule) {
    if (!holds) throw BrokenInvariant(rule);
}

/// Trouble that the program cannot put right; caught in main alone, which prints the text and exits
/// with the code (3: the grid failed, 4: usage).
struct Fatal : std::runtime_error {
    explicit Fatal(const std::string& text, int code = 3)
        : std::runtime_error(text), exit_code(code) {}

    int exit_code;
};

}  // namespace xgrid
