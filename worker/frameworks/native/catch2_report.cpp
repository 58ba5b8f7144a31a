#include "worker/frameworks/native/catch2_report.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "worker/frameworks/native/reported_tests.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

class Catch2Reader : public Reader, private XmlStream::Listener {
public:
    explicit Catch2Reader(std::span<const Case> tests)
        : tests_(tests), xml_({"Catch", "Catch2TestRun", "Group", "TestCase", "Section"}) {}

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
        logged_.clear();
        if (element.name == "TestCase") {
            test_ = element;
            result_.reset();
            sections_.clear();
            skip_.reset();
            crashed_ = false;
            tests_.begin(element, *to_);
        } else if (element.name == "Section") {
            sections_.push_back(element.attribute("name"));
        }
    }

    void closed(const std::string& name) override {
        logged_.clear();
        if (name == "Section" && !sections_.empty()) sections_.pop_back();
        if (name != "TestCase") return;
        if (tests_.running() && result_) end_test();
        tests_.forget();
    }

    void found(const Element& element) override {
        if (!tests_.running()) return;
        if (element.name == "Info") {
            logged_.push_back(trimmed(element.text));
        } else if (element.name == "Warning") {
            warn(element);
        } else if (element.name == "Expression") {
            if (element.attribute("success") != "true") add_expression(element);
            logged_.clear();
        } else if (element.name == "Skip") {
            skip_ = element;
            logged_.clear();
        } else if (element.name == "OverallResult") {
            result_ = element;
        } else {
            add_other(element);
        }
    }

    void warn(const Element& element) {
        // Version 2 does not say where.
        const Element& place = element.attribute("line").empty() ? test_ : element;
        const std::string message = trimmed(element.text);
        tests_.warn({place.attribute("filename"), line_from(place.attribute("line")), message,
                     "warning:\n  " + message});
    }

    void add_expression(const Element& element) {
        const std::string& macro = element.attribute("type");
        const std::string original = element.text_of("Original");
        const std::string expanded = element.text_of("Expanded");
        const std::string asserted = fmt::format("{}( {} )", macro, original);
        std::string message = asserted;
        std::string text = "FAILED:\n  " + asserted;
        if (const std::string why = thrown(element); !why.empty()) {
            message += ": " + why;
            text += "\n" + why;
        } else if (expanded != original) {
            message += ": " + expanded;
            text += "\nwith expansion:\n  " + expanded;
        } else if (macro.find("_THROWS") != std::string::npos) {
            message += ": no such exception was thrown";
            text += "\nno such exception was thrown";
        }
        add(element, message, text);
    }

    // What came instead of a result; empty: nothing.
    std::string thrown(const Element& element) {
        crashed_ = crashed_ || element.child("FatalErrorCondition") != nullptr;
        if (element.child("FatalErrorCondition") != nullptr) {
            return "due to a fatal error condition: " + element.text_of("FatalErrorCondition");
        }
        if (element.child("Exception") == nullptr) return {};
        return "due to unexpected exception with message: " + element.text_of("Exception");
    }

    void add_other(const Element& element) {
        const std::string message = trimmed(element.text);
        if (element.name == "Failure") {
            const std::string told = message.empty() ? "explicitly" : message;
            add(element, "FAILED: " + told, "FAILED:\n  " + told);
        } else if (element.name == "Exception") {
            const std::string told = "unexpected exception with message: " + message;
            add(element, told, "FAILED:\n  due to " + told);
        } else if (element.name == "FatalErrorCondition") {
            crashed_ = true;
            add(element, message, "FAILED:\n  due to a fatal error condition: " + message);
        }
    }

    void add(const Element& at, const std::string& message, std::string text) {
        if (!logged_.empty()) text += "\nwith messages:";
        for (const std::string& each : logged_) text += "\n  " + each;
        logged_.clear();
        if (!sections_.empty()) {
            text += "\nin section: ";
            for (std::size_t i = 0; i < sections_.size(); ++i) {
                text += (i == 0 ? "" : " / ") + sections_[i];
            }
        }
        tests_.add(
            {at.attribute("filename"), line_from(at.attribute("line")), message, std::move(text)});
    }

    void end_test() {
        print(Stream::out, "StdOut");
        print(Stream::err, "StdErr");
        Verdict verdict{.seconds = seconds_from(result_->attribute("durationInSeconds")),
                        .crashed = crashed_};
        const std::string& tags = test_.attribute("tags");
        const bool should_fail = tags.find("[!shouldfail]") != std::string::npos;
        if (result_->attribute("success") != "true" || crashed_) {
            verdict.outcome = Outcome::failed;
            if (!tests_.has_failed()) {
                verdict.reason = should_fail ? "should have failed, but did not"
                                             : "failed without a failed assertion";
            }
        } else if (tests_.has_failed()) {
            verdict.outcome = Outcome::xfailed;
            verdict.reason = should_fail ? "[!shouldfail]" : "[!mayfail]";
        } else if (skip_) {
            verdict.outcome = Outcome::skipped;
            verdict.reason = trimmed(skip_->text);
            verdict.path = skip_->attribute("filename");
            verdict.line = line_from(skip_->attribute("line"));
        }
        tests_.end(verdict, *to_);
    }

    void print(Stream stream, std::string_view element) {
        const std::string text = result_->text_of(element);
        if (!text.empty()) to_->printed(stream, text + "\n");
    }

    ReportedTests tests_;
    XmlStream xml_;
    native::Listener* to_ = nullptr;  // while it reads

    // The test that runs.
    Element test_;
    std::optional<Element> result_;
    std::optional<Element> skip_;
    std::vector<std::string> sections_;
    std::vector<std::string> logged_;  // before the assertion that it is about
    bool crashed_ = false;
};

}  // namespace

std::unique_ptr<Reader> make_catch2_reader(std::span<const Case> tests) {
    return std::make_unique<Catch2Reader>(tests);
}

}  // namespace xgrid::worker::native
