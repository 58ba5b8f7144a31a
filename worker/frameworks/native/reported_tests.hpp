// Which tests of a batch the XML report of a program speaks of, and what becomes of the one that
// runs. Common to the frameworks that write <TestCase name= filename= line=>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "worker/frameworks/native/framework.hpp"
#include "worker/frameworks/native/xml_stream.hpp"

namespace xgrid::worker::native {

/// What went wrong in a test at one place.
struct Failure {
    std::string path;
    std::uint32_t line = 0;
    std::string message;  // what it comes to; its first line is shown
    std::string text;     // what stands behind the place, in as many lines as it takes
};

/// How a test has ended, as its framework judges.
struct Verdict {
    Outcome outcome = Outcome::passed;
    double seconds = 0;
    std::string reason;  // of a skip, an expected failure, or a failure that is at no place
    std::string path;    // where that is; empty: where the test is
    std::uint32_t line = 0;
    bool crashed = false;
};

class ReportedTests {
public:
    explicit ReportedTests(std::span<const Case> tests);

    /// None of the batch, or one that has ended before, is not followed until the next one begins.
    void begin(const Element& test_case, Listener& to);
    bool running() const { return running_.has_value(); }

    // Of the running one; without one, nothing happens.
    void add(Failure failure);
    /// Worth to be told, but no failure.
    void warn(Failure warning);
    bool has_failed() const { return !failures_.empty(); }
    void end(const Verdict& verdict, Listener& to);
    void forget() { running_.reset(); }

private:
    using Key = std::tuple<std::string, std::string, std::uint32_t>;

    std::optional<std::size_t> find(const Element& test_case) const;
    std::optional<std::size_t> first_left(const Key& key) const;
    TestResult result(const Verdict& verdict) const;

    std::vector<Case> tests_;
    std::vector<bool> ended_;
    std::map<Key, std::vector<std::size_t>> places_;
    std::optional<std::size_t> running_;
    std::vector<Failure> failures_;
    std::vector<Failure> warnings_;
    std::size_t bytes_ = 0;
    std::size_t dropped_ = 0;
};

/// 0: it is none.
std::uint32_t line_from(const std::string& text);
/// 0: it is no time that a test may take.
double seconds_from(const std::string& text);

}  // namespace xgrid::worker::native
