// How ctest judges a test that has ended, and what of its output it looks at. Verified with ctest
// 3.25.1 by tests/end_to_end/native: a skip goes before all but a crash, a crash fails even a test
// that WILL_FAIL, and an exit code says nothing where PASS_REGULAR_EXPRESSION does.
#pragma once

#include <string>
#include <string_view>

#include "shared/messages.hpp"
#include "worker/frameworks/native/ctest_listing.hpp"

namespace xgrid::worker::native {

/// What a test has printed, as ctest searches it: in lines that end with one "\n", the last one
/// too, without those in which the test speaks to ctest.
class CTestOutput {
public:
    void add(std::string_view text);
    /// All of it, when nothing more comes.
    std::string take();

private:
    void add_line(std::string_view line);

    std::string lines_;
    std::string rest_;
};

struct CTestVerdict {
    Outcome outcome = Outcome::passed;
    std::string why;  // in ctest's words
};

/// `status` as of waitpid(2).
CTestVerdict ctest_verdict(const CTestEntry& entry, int status, std::string_view output);

}  // namespace xgrid::worker::native
