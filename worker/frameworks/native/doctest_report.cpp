#include "worker/frameworks/native/doctest_report.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "worker/frameworks/native/reported_tests.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

std::string joined(const std::vector<std::string>& path) {
    std::string text;
    for (const std::string& each : path) text += (text.empty() ? "" : " / ") + each;
    return text;
}

std::string level_of(std::string_view macro) {
    if (macro.starts_with("WARN")) return "WARNING";
    return macro.starts_with("REQUIRE") ? "FATAL ERROR" : "ERROR";
}

std::string with(std::string text, const std::string& more) {
    return more.empty() ? text : text + ", " + more;
}

class DoctestReader : public Reader, private XmlStream::Listener {
public:
    explicit DoctestReader(std::span<const Case> tests)
        : tests_(tests), xml_({"doctest", "TestSuite", "TestCase", "SubCase"}) {}

    void read(Source source, std::string_view text, native::Listener& to) override {
        if (source != Source::report) {
            to.printed(source == Source::out ? Stream::out : Stream::err, text);
            return;
        }
        to_ = &to;
        xml_.read(text, *this);
    }
    void end(int /*status*/, native::Listener& /*to*/) override {}

private:
    void opened(const Element& element) override {
        if (element.name == "TestCase") {
            begin(element);
        } else if (element.name == "SubCase") {
            subcases_.push_back(element.attribute("name"));
        }
    }

    void closed(const std::string& name) override {
        if (name == "SubCase" && !subcases_.empty()) subcases_.pop_back();
        if (name != "TestCase") return;
        if (test_.attribute("skipped") == "true") {
            tests_.end({.outcome = Outcome::skipped, .reason = std::string(doctest_skip_reason)},
                       *to_);
        } else if (totals_) {
            end_test();
        }
        tests_.forget();
    }

    void found(const Element& element) override {
        if (!tests_.running()) return;
        if (element.name == "Expression") {
            if (element.attribute("success") != "true") add_expression(element);
        } else if (element.name == "Message") {
            add_message(element);
        } else if (element.name == "Exception") {
            add_exception(element);
        } else if (element.name == "OverallResultsAsserts") {
            totals_ = element;
        }
    }

    void begin(const Element& element) {
        test_ = element;
        totals_.reset();
        subcases_.clear();
        threw_ = false;
        crashed_ = false;
        tests_.begin(element, *to_);
    }

    void add_expression(const Element& element) {
        const std::string& macro = element.attribute("type");
        std::string expression =
            with(element.text_of("Original"), element.text_of("ExpectedException"));
        const std::string expected = element.text_of("ExpectedExceptionString");
        if (!expected.empty()) expression += ", \"" + expected + "\"";
        const std::string asserted = fmt::format("{}( {} )", macro, expression);
        const std::string exception = element.text_of("Exception");
        const bool threw = element.child("Exception") != nullptr;
        const bool wants_exception = macro.find("_THROWS") != std::string::npos;

        std::string message = asserted;
        std::string text = level_of(macro) + ": " + asserted;
        std::string told;
        if (threw) {
            told = fmt::format(" {} exception: {}", wants_exception ? "threw a DIFFERENT" : "THREW",
                               exception);
            text += told;
        } else if (wants_exception) {
            told = " did NOT throw at all!";
            text += told;
        } else {
            const std::string expanded = element.text_of("Expanded");
            told = " is NOT correct: " + expanded;
            text += fmt::format(" is NOT correct!\n  values: {}( {} )", macro, expanded);
        }
        add(element, message + told, std::move(text), level_of(macro) == "WARNING");
    }

    void add_message(const Element& element) {
        const std::string message = element.text_of("Text");
        const std::string& level = element.attribute("type");
        add(element, message, (level == "WARNING" ? "MESSAGE" : level) + ": " + message,
            level == "WARNING");
    }

    void add_exception(const Element& element) {
        threw_ = true;
        crashed_ = crashed_ || element.attribute("crash") == "true";
        const std::string message = fmt::format(
            "test case {}: {}", crashed_ ? "CRASHED" : "THREW exception", trimmed(element.text));
        Element place = test_;  // what threw is not told
        place.children = element.children;
        add(place, message, (crashed_ ? "FATAL ERROR: " : "ERROR: ") + message, false);
    }

    void add(const Element& at, std::string message, std::string text, bool warning) {
        std::string logged;
        for (const Element& child : at.children) {
            if (child.name != "Info") continue;
            logged += (logged.empty() ? "\n  logged: " : "\n          ") + trimmed(child.text);
        }
        text += logged;
        if (!subcases_.empty()) text += "\n  in subcase: " + joined(subcases_);
        Failure failure{at.attribute("filename"), line_from(at.attribute("line")),
                        std::move(message), std::move(text)};
        if (warning) {
            tests_.warn(std::move(failure));
        } else {
            tests_.add(std::move(failure));
        }
    }

    // As doctest's finalizeTestCaseData(), which says what a test that fails comes to.
    void end_test() {
        const double seconds = seconds_from(totals_->attribute("duration"));
        const double limit = seconds_from(test_.attribute("timeout"));
        const std::uint32_t failures = line_from(totals_->attribute("failures"));
        const std::uint32_t expected = line_from(totals_->attribute("expected_failures"));
        const bool late = limit > 0 && seconds > limit;
        const bool failed = failures > 0 || threw_ || late;

        bool success = !failed;
        std::string reason;
        if (late) reason = fmt::format("Test case exceeded time limit of {:.6f}!", limit);
        if (test_.attribute("should_fail") == "true") {
            success = failed;
            if (!failed) reason = "Should have failed but didn't! Marking it as failed!";
        } else if (failed && test_.attribute("may_fail") == "true") {
            success = true;
        } else if (expected > 0) {
            success = failures == expected;
            if (!success) {
                reason =
                    fmt::format("Didn't fail exactly {} times so marking it as failed!", expected);
            }
        }
        const std::string& judged = totals_->attribute("test_case_success");
        if (!judged.empty()) success = judged == "true";
        success = success && !crashed_;  // the program dies of it, even if the test should fail
        const Outcome outcome = success ? Outcome::passed : Outcome::failed;
        tests_.end({.outcome = outcome, .seconds = seconds, .reason = reason, .crashed = crashed_},
                   *to_);
    }

    ReportedTests tests_;
    XmlStream xml_;
    native::Listener* to_ = nullptr;  // while it reads

    // The test that runs.
    Element test_;
    std::optional<Element> totals_;
    std::vector<std::string> subcases_;
    bool threw_ = false;
    bool crashed_ = false;
};

}  // namespace

std::unique_ptr<Reader> make_doctest_reader(std::span<const Case> tests) {
    return std::make_unique<DoctestReader>(tests);
}

}  // namespace xgrid::worker::native
